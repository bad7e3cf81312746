{{/* What every template asks for. Where a template needs more than the root, it gets a list: the root first. */}}

{{- define "stoa.selector" -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ quote (index . 0).Release.Name }}
{{- end }}

{{- define "stoa.labels" -}}
{{- $root := index . 0 -}}
{{ include "stoa.selector" . }}
app.kubernetes.io/part-of: stoa
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ quote $root.Chart.AppVersion }}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
{{- end }}

{{- define "stoa.image" -}}
{{ .name }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}

{{/* What Pod Security demands by its level `restricted`, and a little more. */}}
{{- define "stoa.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}
{{- define "stoa.containerSecurity" -}}
{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
{{- end }}
{{- define "stoa.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The values of one app: the defaults, and its own over them. */}}
{{- define "stoa.valuesOf" -}}
{{- $root := index . 0 -}}
{{- mergeOverwrite (deepCopy $root.Values.defaults) (deepCopy (get $root.Values.apps (index . 1) | default dict)) | toJson }}
{{- end }}

{{/* Names in values that the system does not have. What every template needs passes here, so this is checked once. */}}
{{- define "stoa.check" -}}
{{- $data := .Files.Get "files/apps.yaml" | fromYaml -}}
{{- $ids := list }}{{ range $data.apps }}{{ $ids = append $ids .id }}{{ end -}}
{{- $base := concat (list "secrets" "configuration") $data.bindings $data.schedules -}}
{{- $buses := concat (list "nats" "kafka" "redis" "rabbitmq") $data.topics -}}
{{- $stores := concat (list "postgres" "redis" "mariadb" "mongodb") $data.stores -}}
{{- range $name, $known := dict "apps" $ids "bus.topics" $data.topics "bus.settings" $buses "store.services" $data.stores "store.settings" $stores "base.settings" $base -}}
{{- $values := $.Values }}{{ range splitList "." $name }}{{ $values = get $values . }}{{ end -}}
{{- range $key, $_ := $values }}{{ if not (has $key $known) }}
{{- fail (printf "%s: %q is not one of %s" $name $key (join ", " $known)) }}{{ end }}{{ end -}}
{{- end -}}
{{- if and .Values.secrets.external.enabled .Values.secrets.create }}
{{- fail "secrets: either create or external makes the Secret; turn the other one off" }}{{ end -}}
{{- if and .Values.secrets.external.enabled (not .Values.secrets.external.store.name) }}{{ fail "secrets.external.store.name is missing" }}{{ end -}}
{{- if lt (int .Values.shutdown.grace) (add .Values.shutdown.unfound 35 | int) }}
{{- fail "shutdown.grace: apps and sidecars need 35 seconds more than shutdown.unfound" }}{{ end -}}
{{- if and .Values.kong.enabled (not .Values.kong.image) }}{{ fail "kong.image is missing" }}{{ end -}}
{{- end }}

{{/* "true" if the broker of the bus nats is in the cluster. */}}
{{- define "stoa.embedded" -}}
{{- if and .Values.broker.enabled (or (eq .Values.bus.name "nats") (has "nats" (values .Values.bus.topics))) }}true{{ end }}
{{- end }}

{{/* The secrets that apps read themselves. `stoa init` makes them. */}}
{{- define "stoa.ownSecrets" -}}
{{- $root := index . 0 -}}
{{- $config := $root.Files.Get (printf "components/config/apps/%s.yaml" (index . 1)) | fromYaml -}}
{{- $names := list -}}
{{- range $config.spec.secrets.scopes }}{{ $names = concat $names (.allowedSecrets | default list) }}{{ end -}}
{{- $names | toJson }}
{{- end }}

{{/* All secrets that the Job makes. */}}
{{- define "stoa.madeSecrets" -}}
{{- $names := list -}}
{{- if include "stoa.embedded" . }}{{ $names = append $names "NATS_URL" }}{{ end -}}
{{- range (.Files.Get "files/apps.yaml" | fromYaml).apps }}
{{- $names = concat $names (include "stoa.ownSecrets" (list $ .id) | fromJsonArray) }}{{ end -}}
{{- $names | toJson }}
{{- end }}

{{/* Where a secret is: the name of a Secret, and the key in it. */}}
{{- define "stoa.secretKey" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}{{- $secrets := $root.Values.secrets -}}
{{- if hasKey $secrets.refs $name }}{{ get $secrets.refs $name | toJson }}
{{- else if hasKey $secrets.values $name }}{{ dict "name" "stoa-given" "key" $name | toJson }}
{{- else if and $secrets.create (not (has $name (include "stoa.madeSecrets" $root | fromJsonArray))) }}
{{- fail (printf "the secret %s is missing, which the components need: give it in secrets.values (it may be empty if the server asks for none), or name its Secret in secrets.refs" $name) }}
{{- else }}{{ dict "name" $secrets.name "key" $name | toJson }}{{ end }}
{{- end }}
