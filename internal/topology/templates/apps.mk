# The programs of dapr.yaml and the packages that they are built from.
APPS :={{range .Apps}} {{.Program}}{{end}}
{{- range .Apps}}
bin/{{.Program}}: PACKAGE := ./{{.Package}}
{{- end}}
