package pod

import (
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// variable is one environment variable of the manifest, with its value.
type variable struct{ name, value string }

// variables computes the env of the manifest, in its order: a value may refer
// to one before it.
func variables(cfg *Config) ([]variable, error) {
	var vars []variable
	for _, e := range cfg.Spec.Env {
		value := e.Value
		if !e.Verbatim {
			value = expand(value, vars)
		}
		if e.FieldPath != "" {
			var err error
			if value, err = field(cfg, e.FieldPath); err != nil {
				return nil, fmt.Errorf("env %s: %w", e.Name, err)
			}
		}
		vars = append(vars, variable{e.Name, value})
	}
	return vars, nil
}

// field is a field of the pod in the downward API.
func field(cfg *Config, path string) (string, error) {
	switch path {
	case "metadata.name":
		return cfg.Name, nil
	case "metadata.namespace":
		return cfg.Namespace, nil
	case "spec.nodeName":
		return cfg.Node, nil
	case "spec.serviceAccountName":
		return "default", nil
	case "status.podIP", "status.podIPs":
		return cfg.IP.String(), nil
	case "status.hostIP", "status.hostIPs":
		return cfg.HostIP.String(), nil
	}
	if key, ok := strings.CutPrefix(path, "metadata.labels['"); ok {
		return cfg.Spec.Labels[strings.TrimSuffix(key, "']")], nil
	}
	return "", hint.New(fmt.Errorf("a pod of the lab has no field %q", path),
		"leave the variable out, or give it a value")
}

// environment is that of the tool, plus what a container gets.
func environment(ours []string, hostname string, vars []variable) []string {
	env := append(ours[:len(ours):len(ours)], "HOSTNAME="+hostname)
	for _, v := range vars {
		env = append(env, v.name+"="+v.value)
	}
	return env
}

func expandAll(words []string, vars []variable) []string {
	expanded := make([]string, len(words))
	for i, w := range words {
		expanded[i] = expand(w, vars)
	}
	return expanded
}

// expand replaces $(NAME) as Kubernetes does in command, args and env: $$ is a
// dollar sign, and an unknown name is left as it is.
func expand(s string, vars []variable) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		text, rest := reference(after, vars)
		b.WriteString(text)
		s = rest
	}
}

// reference expands what follows a dollar sign, and returns what follows it.
func reference(s string, vars []variable) (text, rest string) {
	if rest, ok := strings.CutPrefix(s, "$"); ok {
		return "$", rest
	}
	if inner, ok := strings.CutPrefix(s, "("); ok {
		if name, rest, closed := strings.Cut(inner, ")"); closed {
			return lookup(name, vars), rest
		}
	}
	return "$", s
}

func lookup(name string, vars []variable) string {
	for i := len(vars) - 1; i >= 0; i-- {
		if vars[i].name == name {
			return vars[i].value
		}
	}
	return "$(" + name + ")"
}
