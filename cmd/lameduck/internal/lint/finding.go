package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Severity is how certain it is that connections are dropped.
type Severity string

// From the least to the most certain.
const (
	Info    Severity = "info"    // worth knowing: nothing is dropped by this alone
	Warning Severity = "warning" // connections are dropped under load, or in some deploys
	Error   Severity = "error"   // connections are dropped for certain, or Kubernetes refuses the object
)

// Severities, the least certain first.
var Severities = []Severity{Info, Warning, Error}

// Finding is one mistake at one place.
type Finding struct {
	ID       string        `json:"id"` // of the rule
	Severity Severity      `json:"severity"`
	Object   string        `json:"object"` // "Deployment shop/web"
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Column   int           `json:"column"`
	Summary  string        `json:"summary"`            // one sentence: what is wrong, with its arithmetic
	Evidence string        `json:"evidence,omitempty"` // where the numbers come from
	Fix      string        `json:"fix"`                // what to change
	Changes  []edit.Change `json:"-"`                  // what --fix changes; empty: it changes nothing
	// OneContainer: it is about a workload whose pods have one container.
	OneContainer bool           `json:"-"`
	object       *object.Object // the one that the finding is about
}

// as sets another severity than that of the rule.
func (f *Finding) as(s Severity) *Finding { f.Severity = s; return f }

// about names the object that the finding is about, if the field to change is in another
// object.
func (f *Finding) about(o *object.Object) *Finding { f.Object, f.object = o.String(), o; return f }

// because adds where the numbers come from.
func (f *Finding) because(evidence string, args ...any) *Finding {
	f.Evidence = fmt.Sprintf(evidence, args...)
	return f
}

// cure adds what to change, as an order: "set ... to ...", without a full stop.
func (f *Finding) cure(fix string, args ...any) *Finding {
	f.Fix = fmt.Sprintf(fix, args...)
	return f
}

// by adds the change that --fix makes.
func (f *Finding) by(in object.Value, path []string, to any) *Finding {
	f.Changes = append(f.Changes, edit.Change{In: in, Path: path, To: to})
	return f
}
