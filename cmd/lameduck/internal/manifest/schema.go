package manifest

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// Type is the fields of an object of Kubernetes by their names.
type Type map[string]Field

// Field is what the value of a field has to be.
type Field struct {
	Of     *Type  // the fields of an object; nil for what is none
	Scalar string // int, bool or string; map for a mapping of texts; "" for an object, and for what may be one thing or another
	List   bool   // a list of these
}

// kinds are the kinds whose fields are known, with the names of their types.
var kinds = map[string]string{
	"apps/v1/Deployment": "Deployment", "apps/v1/StatefulSet": "StatefulSet", "apps/v1/DaemonSet": "DaemonSet", "apps/v1/ReplicaSet": "ReplicaSet",
	"v1/Pod": "Pod", "v1/ReplicationController": "ReplicationController", "v1/Service": "Service", "v1/ConfigMap": "ConfigMap", "v1/Secret": "Secret",
	"batch/v1/Job": "Job", "batch/v1/CronJob": "CronJob", "networking.k8s.io/v1/Ingress": "Ingress", "policy/v1/PodDisruptionBudget": "PodDisruptionBudget",
	"autoscaling/v2/HorizontalPodAutoscaler": "HorizontalPodAutoscaler", "autoscaling/v1/HorizontalPodAutoscaler": "V1HorizontalPodAutoscaler",
}

// TypeOf is the type of a kind, nil if it is not known here.
func TypeOf(apiVersion, kind string) *Type { return kubernetes()[kinds[apiVersion+"/"+kind]] }

// kubernetes are the types by their name: a kind, or one that its fields have.
var kubernetes = sync.OnceValue(func() map[string]*Type {
	types := map[string]*Type{}
	named := func(name string) *Type {
		if types[name] == nil {
			types[name] = &Type{}
		}
		return types[name]
	}
	for line := range strings.Lines(fieldsText) {
		words := strings.Fields(line)
		for _, word := range words[1:] {
			name, of, _ := strings.Cut(word, ":")
			var field Field
			of, field.List = strings.CutPrefix(of, "[]")
			switch of {
			case "", "int", "bool", "string", "map":
				field.Scalar = of
			default:
				field.Of = named(of)
			}
			(*named(words[0]))[name] = field
		}
	}
	return types
})

// Similar is the field that was probably meant by name, "" if there is none. It is sure if
// the two differ only in one letter, in upper and lower case, in a word at the start, as
// strategy and updateStrategy do, or in the unit at the end.
func (t *Type) Similar(name string) (field string, sure bool) {
	fields := slices.Sorted(maps.Keys(*t))
	for _, known := range fields {
		long, short := strings.ToLower(known), strings.ToLower(name)
		if len(long) < len(short) {
			long, short = short, long
		}
		if long == short || long == short+"seconds" || len(short) > 6 && strings.HasSuffix(long, short) {
			return known, true
		}
	}
	similar, distance := hint.Similar(name, fields)
	if diff := len(similar) - len(name); diff < -distance || diff > distance {
		return "", false // one is the start of the other
	}
	if distance > max(1, len(name)/4) {
		return "", false
	}
	return similar, distance <= 1 && len(name) > 3
}

// PathTo is the shortest path to an object within t that has the field; nil if there
// is none.
func (t *Type) PathTo(name string) []string {
	type reached struct {
		path []string
		*Type
	}
	seen := map[*Type]bool{t: true}
	for queue := []reached{{nil, t}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if _, has := (*at.Type)[name]; has {
			return at.path
		}
		for _, field := range slices.Sorted(maps.Keys(*at.Type)) {
			if next := (*at.Type)[field].Of; next != nil && !seen[next] {
				seen[next] = true
				queue = append(queue, reached{append(slices.Clone(at.path), field), next})
			}
		}
	}
	return nil
}
