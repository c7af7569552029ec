# The example app: docker build -t graceful-shutdown-app:1.0.0 .
# `make image` makes the same image without Docker.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY . .
RUN GOWORK=off CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w" -o /app ./cmd/app

FROM scratch
COPY --from=build --chmod=0555 /app /app
# By number: Kubernetes cannot tell whether a name is root's.
USER 65532:65532
EXPOSE 8080
# Exec form: a shell in between would keep SIGTERM for itself.
ENTRYPOINT ["/app"]
