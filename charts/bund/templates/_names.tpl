{{/*
Names are fixed, not made from the release's: there is one Bund in a cluster, and its webhook configurations, its
ClusterRole and its documentation name each other.
*/}}

{{/* Labels of every object. Call with (dict "root" $ "component" "webhook"). */}}
{{- define "bund.labels" -}}
{{ include "bund.selectorLabels" . }}
app.kubernetes.io/part-of: bund
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels that never change, by which pods are selected. */}}
{{- define "bund.selectorLabels" -}}
app.kubernetes.io/name: bund
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Labels of objects that belong to no process. */}}
{{- define "bund.commonLabels" -}}
app.kubernetes.io/name: bund
app.kubernetes.io/part-of: bund
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "bund.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* Who makes the webhook's certificate, as the configuration says it: `Own` or `Secret`. */}}
{{- define "bund.certificateSource" -}}
{{ ternary "Secret" .Values.certificates.source .Values.certificates.certManager.enabled }}
{{- end }}

{{/*
The Secret with the webhook's certificate. cert-manager gets another name: the type of a Secret cannot be changed, so the
two could not take over from each other.
*/}}
{{- define "bund.certificateSecret" -}}
{{- $default := ternary "bund-webhook-certificate" "bund-webhook-tls" .Values.certificates.certManager.enabled -}}
{{ .Values.certificates.secretName | default $default }}
{{- end }}

{{/* host:port of a socket that listens on every address of the pod. */}}
{{- define "bund.listen" -}}
{{ if contains ":" .host }}{{ printf "[%s]:%d" .host (int .port) }}{{ else }}{{ printf "%s:%d" .host (int .port) }}{{ end }}
{{- end }}

{{/*
An object of ours from a file, which stays when the chart goes. Call with (dict "root" $ "object" (dict …)).
*/}}
{{- define "bund.kept" -}}
{{- $labels := include "bund.commonLabels" .root | fromYaml -}}
{{- $annotations := dict "helm.sh/resource-policy" "keep" -}}
{{- $metadata := merge .object.metadata (dict "labels" $labels "annotations" $annotations) -}}
{{ merge (dict "metadata" $metadata) .object | toYaml }}
{{- end }}

{{/* Flux leaves symbolic links out of what it takes from Git; half a chart must not look like a whole one. */}}
{{- define "bund.assertWhole" -}}
{{- if not (.Files.Get "files/jurisdictions/cn-mainland.yaml") -}}
{{- fail "this copy of the chart lacks its CRDs and policies, which are symbolic links in the repository: use the packaged chart (`make chart`)" -}}
{{- end -}}
{{- end }}
