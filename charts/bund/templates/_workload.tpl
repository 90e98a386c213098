{{/* Deployment, ServiceAccount and PodDisruptionBudget of a role. Arguments as for bund.pod. */}}
{{- define "bund.workload" -}}
{{- $holdsVolume := and (eq .component "controller") (eq .root.Values.ledger.store "Directory") }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: bund-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "bund.labels" . | nindent 4 }}
# The pods below ask for the token themselves; nothing else gets it by accident.
automountServiceAccountToken: false
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: bund-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "bund.labels" . | nindent 4 }}
spec:
  replicas: {{ ternary 1 .values.replicas $holdsVolume }}
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      {{- include "bund.selectorLabels" . | nindent 6 }}
  {{- if $holdsVolume }}
  # One pod alone can mount the volume of the ledger: an old one goes before a new one comes.
  strategy:
    type: Recreate
  {{- else }}
  # A new pod is ready before an old one goes.
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  {{- end }}
  template:
    {{- include "bund.pod" . | nindent 4 }}
{{- if .values.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: bund-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "bund.labels" . | nindent 4 }}
spec:
  # Not minAvailable: with one replica that would block every drain.
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "bund.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end }}
