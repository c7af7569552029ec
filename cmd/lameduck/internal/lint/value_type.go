package lint

import (
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// wrongType reports whether Kubernetes refuses v where it wants a scalar type: it accepts
// no number as text, and no text as a number. to is v as a value of that type, nil if there
// is none.
func wrongType(v object.Value, want string) (wrong bool, to any) {
	n := v.Node()
	if want == "" {
		return false, nil
	}
	if n.Kind != document.ScalarNode {
		return true, nil
	}
	tag := n.ShortTag()
	switch want {
	case "int":
		number, err := strconv.Atoi(n.Value)
		if tag == "!!float" {
			whole, err := strconv.ParseFloat(n.Value, 64)
			return err != nil || whole != float64(int(whole)), nil
		}
		if err == nil {
			to = number
		}
		return tag != "!!int", to
	case "bool":
		if truth, err := strconv.ParseBool(strings.ToLower(n.Value)); err == nil {
			to = truth
		}
		return tag != "!!bool" && !yesOrNo(n), to
	case "string":
		return tag == "!!int" || tag == "!!float" || tag == "!!bool" || yesOrNo(n), n.Value
	}
	return false, nil
}

// yesOrNo reports whether n is a boolean in YAML 1.1, the version that Kubernetes reads.
func yesOrNo(n *document.Node) bool {
	if n.Style != 0 {
		return false
	}
	switch strings.ToLower(n.Value) {
	case "yes", "no", "on", "off":
		return true
	}
	return false
}

// wantedType names a type for messages.
func wantedType(scalar string) string {
	switch scalar {
	case "int":
		return "a whole number"
	case "bool":
		return "true or false"
	}
	return "text"
}

// describeScalar describes a scalar as Kubernetes reads it.
func describeScalar(n *document.Node) string {
	if n.Kind == document.ScalarNode && yesOrNo(n) {
		return n.Value + ", which is a boolean without quotes"
	}
	return document.Describe(n)
}
