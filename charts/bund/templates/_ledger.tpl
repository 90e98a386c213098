{{/* The record outside of the cluster: what of it stands in the configuration. */}}
{{- define "bund.ledger.configuration" -}}
ledger:
  name: {{ .name | quote }}
  store:
    {{- if eq .store "Directory" }}
    directory:
      path: {{ include "bund.ledger.path" . }}
    {{- else }}
    s3:
      url: {{ .s3.url | quote }}
      {{- with .s3.endpoint }}
      endpoint: {{ . | quote }}
      {{- end }}
      {{- with .s3.region }}
      region: {{ . | quote }}
      {{- end }}
    {{- end }}
  {{- with .inception }}
  inception: {{ . | quote }}
  {{- end }}
  keySecretName: {{ .keySecretName }}
{{- end }}

{{/* Where the volume of the ledger is mounted. */}}
{{- define "bund.ledger.path" -}}
/var/lib/bund/ledger
{{- end }}

{{/* The claim of the ledger's volume. */}}
{{- define "bund.ledger.claim" -}}
{{ .directory.existingClaim | default "bund-ledger" }}
{{- end }}

{{/* Values of the ledger that belong together. */}}
{{- define "bund.ledger.assert" -}}
{{- if ne .store "None" -}}
{{- if not .name -}}
{{- fail "ledger.name is needed with ledger.store: what the ledger is called for ever, such as ledger.example.com/prod" -}}
{{- end -}}
{{- if and (eq .store "S3") (not .s3.url) -}}
{{- fail "ledger.s3.url is needed with ledger.store S3: bucket and prefix, such as s3://bucket/prefix" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The port at which the bucket is reached. */}}
{{- define "bund.ledger.port" -}}
{{- $endpoint := urlParse (.s3.endpoint | default "https://s3") -}}
{{ regexFind "[0-9]+$" (regexFind ":[0-9]+$" $endpoint.host) | default (ternary "443" "80" (eq $endpoint.scheme "https")) }}
{{- end }}
