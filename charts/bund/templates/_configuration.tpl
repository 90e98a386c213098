{{/* The operator's configuration, the same for both roles. It refuses keys that it does not know. */}}
{{- define "bund.configuration" -}}
webhook:
  address: {{ include "bund.listen" (dict "host" .Values.listenAddress "port" .Values.webhook.port) | quote }}
  service:
    name: bund-webhook
    port: {{ .Values.webhook.service.port }}
  shutdownDelaySeconds: {{ .Values.webhook.shutdownDelaySeconds }}
health:
  address: {{ include "bund.listen" (dict "host" .Values.listenAddress "port" .Values.health.port) | quote }}
metrics:
  address: {{ include "bund.listen" (dict "host" .Values.listenAddress "port" .Values.metrics.port) | quote }}
certificates:
  source: {{ include "bund.certificateSource" . }}
  secretName: {{ include "bund.certificateSecret" . }}
# When this ClusterRole goes, the API server removes every webhook configuration and policy that we registered.
owner:
  clusterRole: bund-controller
egress:
  clusterPolicyPriority: {{ .Values.egress.clusterPolicyPriority }}
{{- with .Values.geo }}
{{- if .databases }}
{{ include "bund.geo.configuration" . }}
{{- end }}
{{- end }}
{{- if ne .Values.ledger.store "None" }}
{{ include "bund.ledger.configuration" .Values.ledger }}
{{- end }}
log:
  filter: {{ .Values.log.filter | quote }}
{{- with .Values.tracing }}
{{- if .otlpEndpoint }}
tracing:
  otlpEndpoint: {{ .otlpEndpoint | quote }}
  sampleRatio: {{ .sampleRatio }}
{{- end }}
{{- end }}
{{- end }}
