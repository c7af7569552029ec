package manifest

import (
	"cmp"
	"flag"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
)

var update = flag.Bool("update", false, "write fields.go anew from k8s.io/api")

// TestFieldsAreThoseOfKubernetes compares fields.go with the Go types of
// k8s.io/api. The tool has the text and not the types: the demo is built
// without any package of Kubernetes.
func TestFieldsAreThoseOfKubernetes(t *testing.T) {
	types := map[string]string{}
	for _, object := range []any{
		appsv1.Deployment{}, appsv1.StatefulSet{}, appsv1.DaemonSet{},
		corev1.Service{}, corev1.ConfigMap{}, corev1.Secret{},
		corev1.Pod{}, corev1.ReplicationController{}, appsv1.ReplicaSet{}, batchv1.Job{}, batchv1.CronJob{}, networkingv1.Ingress{},
		policyv1.PodDisruptionBudget{}, autoscalingv2.HorizontalPodAutoscaler{}, autoscalingv1.HorizontalPodAutoscaler{},
	} {
		describeType(types, reflect.TypeOf(object))
	}
	lines := make([]string, 0, len(types))
	for _, name := range slices.Sorted(maps.Keys(types)) {
		lines = append(lines, name+types[name]+"\n")
	}
	want := strings.Join(lines, "")
	if *update {
		file, err := os.ReadFile("fields.go")
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(file), "`"+fieldsText+"`", "`"+want+"`", 1)
		if err := os.WriteFile("fields.go", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if fieldsText != want {
		t.Error("fields.go is not that of k8s.io/api in go.mod: run go test ./internal/manifest -run FieldsAre -update")
	}
}

// describeType adds a struct, and those that its fields have, as lines of
// fields.go.
func describeType(types map[string]string, t reflect.Type) {
	if _, known := types[nameOf(t)]; known {
		return
	}
	types[nameOf(t)] = "" // a type may contain itself
	var line strings.Builder
	for _, f := range jsonFields(t) {
		line.WriteString(" " + f.name)
		switch {
		case f.name == "status":
		case isObject(f.typ):
			line.WriteString(":" + f.list + nameOf(f.typ))
			describeType(types, f.typ)
		case scalar(f.typ) != "":
			line.WriteString(":" + f.list + scalar(f.typ))
		}
	}
	types[nameOf(t)] = line.String()
}

// nameOf is the name of a type in fields.go: two versions have an autoscaler.
func nameOf(t reflect.Type) string {
	if strings.HasSuffix(t.PkgPath(), "/autoscaling/v1") {
		return "V1" + t.Name()
	}
	return t.Name()
}

// scalar is what a value that is no object has to be; "" for what may be text or a
// number.
func scalar(t reflect.Type) string {
	if _, own := reflect.New(t).Interface().(interface{ UnmarshalJSON([]byte) error }); own {
		return ""
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "int"
	case reflect.Bool, reflect.String:
		return t.Kind().String()
	case reflect.Map:
		if kind := t.Elem().Kind(); kind == reflect.String || kind == reflect.Slice && t.Elem().Elem().Kind() == reflect.Uint8 {
			return "map"
		}
	}
	return ""
}

type jsonField struct {
	name string
	typ  reflect.Type // of the value, or of the items of a list
	list string       // "[]" for a list
}

// jsonFields are the fields of a struct as they are in a manifest.
func jsonFields(t reflect.Type) (all []jsonField) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		typ, list := f.Type, ""
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			if typ.Kind() == reflect.Slice {
				list = "[]"
			}
			typ = typ.Elem()
		}
		if f.Anonymous && name == "" {
			all = append(all, jsonFields(typ)...)
		} else if name != "" {
			all = append(all, jsonField{name, typ, list})
		}
	}
	slices.SortFunc(all, func(a, b jsonField) int { return cmp.Compare(a.name, b.name) })
	return all
}

// isObject is false for what has a text or a number in a manifest, although
// it is a struct in Go: a quantity, a time, a port.
func isObject(t reflect.Type) bool {
	_, text := reflect.New(t).Interface().(interface{ UnmarshalJSON([]byte) error })
	return t.Kind() == reflect.Struct && !text && len(jsonFields(t)) > 0
}
