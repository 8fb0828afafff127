{{- define "postern.labels" -}}
{{ include "postern.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "postern.selector" -}}
app.kubernetes.io/name: postern
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "postern.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "postern.configMap" -}}
{{ .Values.existingConfigMap | default "postern" }}
{{- end }}

{{/* The keys of the Secret for a role. Web pods need no secrets of channels, and workers none for sign-ins. */}}
{{- define "postern.secretKeys" -}}
{{- $keys := list "DATABASE_URL" "POSTERN_SIGNING_KEY" }}
{{- if eq .role "web" }}
{{- $keys = concat $keys (list "POSTERN_OIDC_CLIENT_SECRET" "POSTERN_SESSION_SECRET") }}
{{- end }}
{{- range .root.Values.secrets.optional }}
{{- if or (eq $.role "worker") (has . (list "POSTERN_OTHER_SIGNING_KEY" "POSTERN_METRICS_TOKEN")) }}
{{- $keys = append $keys . }}
{{- end }}
{{- end }}
{{- toJson $keys }}
{{- end }}

{{- define "postern.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "postern.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* A rule of a NetworkPolicy for {to, ports}: no peers means every address. */}}
{{- define "postern.egressRule" -}}
- {{ with .to }}to: {{ toJson . }}
  {{ end }}ports:
    {{- range .ports }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
{{- end }}

{{- define "postern.dnsRule" -}}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
{{- end }}
