package lint

import (
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// unknown reports a field that Kubernetes does not have at this place. Its name is
// misspelt, or it is a field of an object around p or within p. A name that is similar to
// no other may be of other software, or of a newer Kubernetes.
func (c *strictCheck) unknown(p *part, name string, v object.Value) {
	_, selects := (*p.of)["matchLabels"]
	similar, sure := p.of.Similar(name)
	sure = sure && (*p.of)[similar].List == (v.Node().Kind == sequenceNode)
	switch {
	case selects && v.Node().Kind == scalarNode:
		c.misplaced(p, name, v, p, []string{"matchLabels"})
	case similar != "" && p.Field(similar).Present():
		c.dropped(p, name, v).cure("remove %s: %s is there too", document.Display(name), similar)
	case sure:
		c.misspelt(p, name, similar, v).by(p.Value, []string{name}, edit.Name(similar))
	case c.outside(p, name, v), c.inside(p, name, v):
	case similar != "":
		c.misspelt(p, name, similar, v)
	default:
		c.dropped(p, name, v).as(Info).cure("remove %s, or check whether it comes from a newer Kubernetes than this version of lameduck knows", document.Display(name))
	}
}

func (c *strictCheck) dropped(p *part, name string, v object.Value) *Finding {
	return c.add(c.object, v, "Kubernetes has no field %s: it is dropped, or the object is refused", p.child(name))
}

func (c *strictCheck) misspelt(p *part, name, right string, v object.Value) *Finding {
	return c.dropped(p, name, v).cure("rename %s to %s", document.Display(name), right)
}

// outside reports a field that an object around p has: the nearest one that has it. It is
// false if none has.
func (c *strictCheck) outside(p *part, name string, v object.Value) bool {
	for outer := p.around; outer != nil; outer = outer.around {
		if _, has := (*outer.of)[name]; has {
			c.misplaced(p, name, v, outer, nil)
			return true
		}
	}
	return false
}

// ofContainers are fields that only containers have, so that --fix can move them there.
var ofContainers = []string{"lifecycle", "preStop", "postStart", "readinessProbe", "livenessProbe", "startupProbe"}

// inside reports a field that an object within p has; it is false if none has.
func (c *strictCheck) inside(p *part, name string, v object.Value) bool {
	path := p.of.PathTo(name)
	if path == nil {
		return false
	}
	if !slices.Contains(ofContainers, name) {
		c.dropped(p, name, v).cure("move %s to %s", document.Display(name), strings.TrimPrefix(p.String()+"."+strings.Join(path, "."), "."))
		return true
	}
	to := p
	for len(path) > 0 {
		at := to.Field(path[0])
		switch items := at.Items(); {
		case len(items) == 1:
			to = &part{items[0], (*to.of)[path[0]].Of, path[0] + "[" + document.Display(items[0].Get("name").Text()) + "]", to}
		case len(items) > 1 || (*to.of)[path[0]].List:
			c.dropped(p, name, v).cure("move %s to the item of %s that it belongs to", name, to.child(path[0]))
			return true
		case !at.Present():
			c.misplaced(p, name, v, to, path)
			return true
		default:
			to = &part{at, (*to.of)[path[0]].Of, path[0], to}
		}
		path = path[1:]
	}
	c.misplaced(p, name, v, to, nil)
	return true
}

// misplaced reports a field that belongs to the object to or, where path is not empty, to
// one below to that is missing.
func (c *strictCheck) misplaced(p *part, name string, v object.Value, to *part, path []string) {
	f := c.dropped(p, name, v)
	where := strings.TrimPrefix(to.String()+"."+strings.Join(path, "."), ".")
	where = strings.TrimSuffix(where, ".")
	if where == "" {
		where = "the " + c.object.Kind + " itself"
	}
	if old := to.Get(append(slices.Clone(path), name)...); old.Present() {
		f.cure("remove it: %s is a field of %s, which has it already, on line %d", name, where, old.Pos().Line)
		return
	}
	f.cure("move %s to %s", name, where).
		by(to.Value, append(slices.Clone(path), name), v).
		by(p.Value, []string{name}, nil)
}
