{{/* The Dapr resources, made from the files of components/. */}}

{{/* One component: its file, with further settings. */}}
{{- define "stoa.component" -}}
{{- $root := index . 0 -}}{{- $file := printf "components/%s.yaml" (index . 1) -}}{{- $settings := index . 2 | default dict -}}
{{- $text := $root.Files.Get $file -}}
{{- if not $text }}{{ fail (printf "%s is missing in the chart; components there is a link to the folder of that name" $file) }}{{ end -}}
{{- $component := fromYaml $text -}}
{{- $metadata := list -}}
{{- range $component.spec.metadata }}{{ if not (hasKey $settings .name) }}{{ $metadata = append $metadata . }}{{ end }}{{ end -}}
{{- range $name, $value := $settings -}}
{{- if kindIs "map" $value -}}
{{- $metadata = append $metadata (dict "name" $name "secretKeyRef" (dict "name" $value.secret "key" $value.secret)) -}}
{{- $_ := set $component "auth" (dict "secretStore" "secrets") -}}
{{- else }}{{ $metadata = append $metadata (dict "name" $name "value" $value) }}{{ end -}}
{{- end -}}
{{- $_ := set $component.spec "metadata" $metadata -}}
{{- $_ := set $component.metadata "labels" (include "stoa.labels" (list $root $component.metadata.name) | fromYaml) -}}
{{- $component | toJson }}
{{- end }}

{{/* The settings of one component: its own over those of its folder. A list: the settings, the name of the component, the folder. */}}
{{- define "stoa.settings" -}}
{{- merge dict (get (index . 0) (index . 1) | default dict) (get (index . 0) (index . 2) | default dict) | toJson }}
{{- end }}

{{/* All components, as JSON. */}}
{{- define "stoa.components" -}}
{{- $all := list -}}
{{- $data := .Files.Get "files/apps.yaml" | fromYaml -}}
{{- range $data.topics -}}
{{- $folder := get $.Values.bus.topics . | default $.Values.bus.name -}}
{{- $all = append $all (include "stoa.component" (list $ (printf "bus/%s/%s" $folder .) (include "stoa.settings" (list $.Values.bus.settings . $folder) | fromJson)) | fromJson) -}}
{{- end -}}
{{- range $data.stores -}}
{{- $folder := get $.Values.store.services . | default $.Values.store.name -}}
{{- $all = append $all (include "stoa.component" (list $ (printf "store/%s/%s" $folder .) (include "stoa.settings" (list $.Values.store.settings . $folder) | fromJson)) | fromJson) -}}
{{- end -}}
{{- $base := concat (list "secrets") $data.schedules -}}
{{- if .Values.base.configuration }}{{ $base = append $base "configuration" }}{{ end -}}
{{- range $base -}}
{{- $all = append $all (include "stoa.component" (list $ (printf "base/server/%s" .) (get $.Values.base.settings .)) | fromJson) -}}
{{- end -}}
{{- range $data.bindings -}}
{{- $folder := ternary "local" "server" (eq (get $.Values.base .) "files") -}}
{{- $all = append $all (include "stoa.component" (list $ (printf "base/%s/%s" $folder .) (get $.Values.base.settings .)) | fromJson) -}}
{{- end -}}
{{- $all | toJson }}
{{- end }}

{{/* All resiliency documents, as JSON. Each bus has one of its own, of which the targets on that bus are taken. */}}
{{- define "stoa.resiliencies" -}}
{{- $all := list -}}
{{- $data := .Files.Get "files/apps.yaml" | fromYaml -}}
{{- $buses := dict -}}
{{- range $data.topics -}}
{{- $folder := get $.Values.bus.topics . | default $.Values.bus.name -}}
{{- $_ := set $buses $folder (append (get $buses $folder | default list) (printf "pubsub-%s" .)) -}}
{{- end -}}
{{- range $folder, $names := $buses -}}
{{- $document := $.Files.Get (printf "components/bus/%s/resiliency.yaml" $folder) | fromYaml -}}
{{- $targets := dict -}}
{{- range $names }}{{ $_ := set $targets . (get $document.spec.targets.components .) }}{{ end -}}
{{- $_ := set $document.spec.targets "components" $targets -}}
{{- $_ := set $document.metadata "name" (printf "pubsub-%s" $folder) -}}
{{- $all = append $all $document -}}
{{- end -}}
{{- range $path, $_ := .Files.Glob "components/config/resiliency/*.yaml" -}}
{{- if not (and $.Values.kong.enabled (eq (base $path) "apps.yaml")) }}{{ $all = append $all ($.Files.Get $path | fromYaml) }}{{ end -}}
{{- end -}}
{{- if .Values.kong.enabled -}}
{{- $public := "" }}{{ range $data.apps }}{{ if .public }}{{ $public = .id }}{{ end }}{{ end -}}
{{- $kong := $.Files.Get "compose/kong/resiliency/apps.yaml" | fromYaml -}}
{{- $_ := set $kong "scopes" (list $public) }}{{ $_ := set $kong.metadata "name" "apps-from-kong" -}}
{{- $others := list }}{{ range $data.apps }}{{ if not .public }}{{ $others = append $others .id }}{{ end }}{{ end -}}
{{- $apps := $.Files.Get "components/config/resiliency/apps.yaml" | fromYaml }}{{ $_ := set $apps "scopes" $others -}}
{{- $all = concat $all (list $apps $kong) -}}
{{- end -}}
{{- range $all }}{{ $_ := set .metadata "labels" (include "stoa.labels" (list $ .metadata.name) | fromYaml) }}{{ end -}}
{{- $all | toJson }}
{{- end }}

{{/* The Configuration of an app, as JSON. Dapr takes one, so those of config/apps and config/access become one. */}}
{{- define "stoa.configuration" -}}
{{- $root := index . 0 -}}{{- $id := index . 1 -}}
{{- $config := $root.Files.Get (printf "components/config/apps/%s.yaml" $id) | fromYaml -}}
{{- $access := ($root.Files.Get (printf "components/config/access/%s.yaml" $id) | fromYaml).spec.accessControl -}}
{{- $_ := set $access "trustDomain" $root.Values.dapr.trustDomain -}}
{{- range $access.policies -}}
{{- $_ := set . "trustDomain" $root.Values.dapr.trustDomain }}{{ $_ := set . "namespace" $root.Release.Namespace -}}
{{- end -}}
{{- $_ := set $config.spec "accessControl" $access -}}
{{- $names := dict "component" "kubernetes" "version" "v1" "configuration" (dict "clusterDomain" $root.Values.dapr.clusterDomain) -}}
{{- $_ := set $config.spec "nameResolution" $names -}}
{{- $_ := set $config.metadata "labels" (include "stoa.labels" (list $root $id) | fromYaml) -}}
{{- $config | toJson }}
{{- end }}
