{{/* The databases that say where public addresses are: what of them stands in the configuration. */}}
{{- define "bund.geo.configuration" -}}
geo:
  databases:
    {{- range .databases }}
    - path: {{ printf "%s/%s" (include "bund.geo.path" $) .file | quote }}
      {{- with .sha256 }}
      sha256: {{ . | quote }}
      {{- end }}
      maxAgeDays: {{ .maxAgeDays | default 30 }}
    {{- end }}
{{- end }}

{{/* Where the volume of the databases is mounted. */}}
{{- define "bund.geo.path" -}}
/var/lib/bund/geo
{{- end }}

{{/* The volume of the databases. */}}
{{- define "bund.geo.volume" -}}
{{- $from := list -}}
{{- range $name := list "existingClaim" "configMapName" "secretName" -}}
{{- if index $.volume $name }}{{ $from = append $from $name }}{{ end -}}
{{- end -}}
{{- if ne (len $from) 1 -}}
{{- fail "geo.databases needs the volume that holds them: one of geo.volume.existingClaim, geo.volume.configMapName and geo.volume.secretName" -}}
{{- end -}}
{{- with .volume.existingClaim -}}
persistentVolumeClaim:
  claimName: {{ . }}
  readOnly: true
{{- end }}
{{- with .volume.configMapName -}}
configMap:
  name: {{ . }}
{{- end }}
{{- with .volume.secretName -}}
secret:
  secretName: {{ . }}
{{- end }}
{{- end }}
