{{/*
The pod template of a role. Call with (dict "root" $ "component" "webhook" "values" .Values.webhook "grace" 20 "ports" "…").
*/}}
{{- define "bund.pod" -}}
{{- $ledger := ternary .root.Values.ledger (dict "store" "None") (eq .component "controller") }}
metadata:
  labels:
    {{- $labels := include "bund.labels" . | fromYaml }}
    {{- toYaml (merge $labels .values.podLabels) | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: {{ .component }}
    # A changed configuration rolls the pods: they read it once.
    bund.dev/configuration-checksum: {{ include "bund.configuration" .root | sha256sum }}
    {{- with .values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: bund-{{ .component }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .grace }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    {{- if eq $ledger.store "Directory" }}
    # Whoever made the volume, we may write it.
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    {{- end }}
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: {{ .component }}
      image: {{ include "bund.image" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args:
        - --config=/etc/bund/operator.yaml
        - --role={{ .component }}
      env:
        - name: BUND_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        - name: BUND_IDENTITY
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
      {{- if eq $ledger.store "S3" }}
      {{- with $ledger.s3.credentialsSecretName }}
      # AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and what else the tools of S3 read.
      envFrom:
        - secretRef:
            name: {{ . }}
      {{- end }}
      {{- end }}
      ports:
        {{- if eq .component "webhook" }}
        - name: webhook
          containerPort: {{ .values.port }}
        {{- end }}
        - name: health
          containerPort: {{ .root.Values.health.port }}
        - name: metrics
          containerPort: {{ .root.Values.metrics.port }}
      # Answered as soon as the process runs, long before it is ready.
      startupProbe:
        httpGet: {path: /livez, port: health}
        periodSeconds: 1
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /livez, port: health}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      # Ready after the first full list of everything that decisions rest on.
      readinessProbe:
        httpGet: {path: /readyz, port: health}
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 3
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        capabilities:
          drop: [ALL]
        readOnlyRootFilesystem: true
      volumeMounts:
        - name: configuration
          mountPath: /etc/bund
          readOnly: true
        {{- if .root.Values.geo.databases }}
        - name: geo
          mountPath: {{ include "bund.geo.path" .root.Values.geo }}
          readOnly: true
        {{- end }}
        {{- if eq $ledger.store "Directory" }}
        # The one place that can be written.
        - name: ledger
          mountPath: {{ include "bund.ledger.path" $ledger }}
        {{- end }}
  volumes:
    - name: configuration
      configMap:
        name: bund
    {{- if .root.Values.geo.databases }}
    # Whoever replaces a file in it rolls nothing: it is read again.
    - name: geo
      {{- include "bund.geo.volume" .root.Values.geo | nindent 6 }}
    {{- end }}
    {{- if eq $ledger.store "Directory" }}
    - name: ledger
      persistentVolumeClaim:
        claimName: {{ include "bund.ledger.claim" $ledger }}
    {{- end }}
  {{- if .values.spread }}
  topologySpreadConstraints:
    {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - topologyKey: {{ $key }}
      maxSkew: 1
      # Better two on one node than one of them nowhere.
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "bund.selectorLabels" $ | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
