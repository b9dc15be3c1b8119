{{- define "chatward.name" -}}
{{- if contains "chatward" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-chatward" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "chatward.selector" -}}
app.kubernetes.io/name: chatward
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "chatward.labels" -}}
{{ include "chatward.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "chatward.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "chatward.policies-config-map" -}}
{{- if eq .Values.policies.from "configMap" }}{{ required "policies.configMap names the ConfigMap that holds the policies" .Values.policies.configMap }}{{ else }}{{ include "chatward.name" . }}-policies{{ end }}
{{- end }}
