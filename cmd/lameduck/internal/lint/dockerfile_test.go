package lint

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

func TestReadDockerfile(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want model.Dockerfile
	}{
		"exec form":                        {"FROM debian:12\nENTRYPOINT [\"/server\", \"--port\"]\nCMD [\"80\"]\nSTOPSIGNAL quit", model.Dockerfile{Base: "debian:12", Entrypoint: []string{"/server", "--port"}, Cmd: []string{"80"}, StopSignal: "SIGQUIT"}},
		"shell form":                       {"from debian:12\nentrypoint ./server   --port 80\ncmd x", model.Dockerfile{Base: "debian:12", Entrypoint: []string{"/bin/sh", "-c", "./server   --port 80"}, Cmd: []string{"/bin/sh", "-c", "x"}, ShellForm: true}},
		"SHELL":                            {"FROM a\nSHELL [\"/bin/bash\", \"-ec\"]\nCMD run", model.Dockerfile{Base: "a", Cmd: []string{"/bin/bash", "-ec", "run"}}},
		"no JSON":                          {"FROM a\nCMD ['server']", model.Dockerfile{Base: "a", Cmd: []string{"/bin/sh", "-c", "['server']"}}},
		"continued":                        {"# a comment\nARG V=1\nFROM --platform=linux/amd64 a:${V}\nRUN x && \\\n  # in between\n\n  y\nCMD [\"a\", \\\n \"b\"]\n", model.Dockerfile{Base: "a:1", Cmd: []string{"a", "b"}}},
		"stages":                           {"FROM golang AS build\nCMD no\nFROM alpine AS base\nENTRYPOINT [\"/x\"]\nSTOPSIGNAL 3\nFROM base\nCOPY --from=build /x /x\nCMD [\"y\"]", model.Dockerfile{Base: "alpine", Entrypoint: []string{"/x"}, Cmd: []string{"y"}, StopSignal: "SIGQUIT"}},
		"the entrypoint drops the command": {"FROM a\nCMD [\"x\"]\nENTRYPOINT [\"y\"]", model.Dockerfile{Base: "a", Entrypoint: []string{"y"}}},
		"variable":                         {"FROM a\nARG SIG=SIGINT\nENV S $SIG\nSTOPSIGNAL ${SIG}", model.Dockerfile{Base: "a", StopSignal: "SIGINT"}},
		"escape":                           {"# escape=`\nFROM a\nCMD [\"a\", `\n\"b\"]", model.Dockerfile{Base: "a", Cmd: []string{"a", "b"}}},
		"here document":                    {"FROM a\nRUN <<EOF\nCMD [\"no\"]\nEOF\nCMD [\"yes\"]\r\n", model.Dockerfile{Base: "a", Cmd: []string{"yes"}}},
	} {
		test.want.Name = "Dockerfile"
		got, err := model.ReadDockerfile("Dockerfile", []byte(test.text))
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	for _, text := range []string{"", "CMD x\nFROM a", "apiVersion: v1"} {
		if _, err := model.ReadDockerfile("Dockerfile", []byte(text)); err == nil {
			t.Errorf("%q: want an error", text)
		}
	}
}

// TestWithDockerfile has what a Dockerfile shows and a manifest does not.
func TestWithDockerfile(t *testing.T) {
	const manifest = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: server, image: registry.example/web:1, ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 8080}]}
`
	for text, want := range map[string]string{
		"FROM debian:12\nCMD ./server":                                                  "warning: signal-does-not-reach-the-server",
		"FROM debian:12\nENTRYPOINT ./server":                                           "error: signal-does-not-reach-the-server",
		"FROM alpine:3\nENTRYPOINT ./server":                                            "",
		"FROM debian:12\nENTRYPOINT exec ./server":                                      "",
		"FROM debian:12\nENTRYPOINT [\"nginx\", \"-g\", \"daemon off;\"]":               "error: signal-means-something-else",
		"FROM nginx:1\nENTRYPOINT [\"nginx\", \"-g\", \"daemon off;\"]":                 "",
		"FROM nginx:1\nSTOPSIGNAL TERM\nENTRYPOINT [\"nginx\"]":                         "error: signal-means-something-else",
		"FROM registry.example/base\nENTRYPOINT [\"nginx\"]":                            "",
		"FROM python:3\nENTRYPOINT [\"uwsgi\", \"--http\", \":8080\"]":                  "error: signal-means-something-else",
		"FROM python:3\nSTOPSIGNAL QUIT\nENTRYPOINT [\"uwsgi\", \"--http\", \":8080\"]": "",
		"FROM python:3\nSTOPSIGNAL SIGINT\nENTRYPOINT [\"gunicorn\", \"app\"]":          "error: signal-means-something-else",
		"FROM python:3\nSTOPSIGNAL SIGINT\nENTRYPOINT [\"uvicorn\", \"app\"]":           "",
		"FROM python:3\nENTRYPOINT [\"gunicorn\", \"app\"]":                             "",
		"FROM caddy:2\nSTOPSIGNAL SIGQUIT\nCMD [\"caddy\", \"run\"]":                    "error: signal-means-something-else",
		"FROM kong:3\nENTRYPOINT [\"nginx\"]":                                           "",
		"FROM node:22\nENTRYPOINT [\"docker-entrypoint.sh\"]\nCMD [\"npm\", \"start\"]": "",
		"FROM node:22\nENTRYPOINT [\"npm\", \"start\"]":                                 "warning: signal-does-not-reach-the-server",
	} {
		d, err := model.ReadDockerfile("Dockerfile", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		objects, _, _ := object.Read(&object.File{Name: "x", Data: []byte(manifest)})
		var got strings.Builder
		for _, f := range (Options{Dockerfiles: []model.Dockerfile{d}}).Objects(objects) {
			if strings.HasPrefix(f.ID, "signal-") {
				got.WriteString(string(f.Severity) + ": " + f.ID)
				t.Logf("%s\n\t%s\n\t%s", f.Summary, f.Evidence, f.Fix)
			}
		}
		if got.String() != want {
			t.Errorf("%s: %q, want %q", text, got.String(), want)
		}
	}
}
