package manifest

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// config is the data of a ConfigMap or a Secret.
type config struct {
	keys   []string // of data, in the order of the file
	data   map[string]string
	binary map[string]string // binaryData: for files only
}

// configs are the ConfigMaps and Secrets of one namespace, each read once.
type configs struct {
	objects []object
	read    map[string]*config // by kind and name; nil: the file has none
}

func configsOf(objects []object, namespace string) *configs {
	all := &configs{read: map[string]*config{}}
	for _, o := range objects {
		if o.namespace == namespace {
			all.objects = append(all.objects, o)
		}
	}
	return all
}

// find is the ConfigMap or Secret of that name; nil if the file has none.
func (all *configs) find(kind, name string) *config {
	id := kind + "/" + name
	c, known := all.read[id]
	for _, o := range all.objects {
		if !known && o.is("", kind) && o.name == name {
			c, known = newConfig(o), true
		}
	}
	all.read[id] = c
	return c
}

func newConfig(o object) *config {
	c := &config{data: map[string]string{}, binary: map[string]string{}}
	for _, field := range []string{"data", "stringData", "binaryData"} {
		o.get(field).fields() // it has to have some
	}
	for _, d := range DataOf(o.kind, o.node) {
		v := value{file: o.file, node: d.Node, path: join(join(o.path, d.Field), d.Key)}
		v.text("") // it has to be text
		if d.Err != nil {
			v.failHint("put plain text into stringData", "is not base64")
		}
		into := c.data
		if d.Field == "binaryData" {
			into = c.binary
		} else if _, again := into[d.Key]; !again {
			c.keys = append(c.keys, d.Key)
		}
		into[d.Key] = d.Text
	}
	return c
}

// environment reads the variables of a container: those of envFrom first, which
// env overrides.
func environment(c value, all *configs) []Env {
	var env []Env
	for _, from := range c.get("envFrom").items() {
		env = append(env, environmentFrom(from, all)...)
	}
	for _, v := range c.get("env").items() {
		if e, ok := variable(v, all); ok {
			env = append(env, e)
		}
	}
	return env
}

// environmentFrom has every key of a ConfigMap or Secret.
func environmentFrom(from value, all *configs) (env []Env) {
	prefix := from.get("prefix").text("")
	for _, source := range []struct{ field, kind string }{{"configMapRef", "ConfigMap"}, {"secretRef", "Secret"}} {
		ref := from.get(source.field)
		if !ref.present() {
			continue
		}
		c := all.find(source.kind, ref.get("name").required())
		if c == nil {
			if !ref.get("optional").truth() {
				ref.note("%s %s is not in the file: its variables keep the values that they have in this shell, if any",
					source.kind, document.Display(ref.get("name").text("")))
			}
			continue
		}
		for _, key := range c.keys {
			checkText(ref, c.data[key], key)
			env = append(env, Env{Name: prefix + key, Value: c.data[key], Verbatim: true})
		}
	}
	return env
}

// variable reads one entry of env; not ok if it has no value here.
func variable(v value, all *configs) (e Env, ok bool) {
	e = Env{Name: v.get("name").required(), Value: v.get("value").text("")}
	from := v.get("valueFrom")
	if !from.present() {
		return e, true
	}
	if e.Value != "" {
		from.fail("not together with value")
	}
	if field := from.get("fieldRef"); field.present() {
		e.FieldPath = field.get("fieldPath").required()
		return e, true
	}
	for _, source := range []struct{ field, kind string }{{"configMapKeyRef", "ConfigMap"}, {"secretKeyRef", "Secret"}} {
		if ref := from.get(source.field); ref.present() {
			return e.from(ref, source.kind, all)
		}
	}
	source := "valueFrom"
	if fields := from.fields(); len(fields) > 0 {
		source = fields[0].Key.Value
	}
	v.note("env %s comes from a %s, which is not available here: it is not set", document.Display(e.Name), document.Display(source))
	return e, false
}

// from takes the value of one key. A key that its ConfigMap does not have is an
// error in Kubernetes too: the container is never created.
func (e Env) from(ref value, kind string, all *configs) (Env, bool) {
	name, key, optional := ref.get("name").required(), ref.get("key").required(), ref.get("optional").truth()
	c := all.find(kind, name)
	if c == nil {
		if !optional {
			ref.note("env %s comes from %s %s, which is not in the file: it keeps the value that it has in this shell, if any",
				document.Display(e.Name), kind, document.Display(name))
		}
		return e, false
	}
	text, ok := c.data[key]
	if !ok && !optional {
		ref.get("key").failHint("it has "+orNone(c.keys), "%s %s has no key %s, and the variable is not optional", kind, document.Display(name), document.Display(key))
	}
	checkText(ref, text, key)
	e.Value, e.Verbatim = text, true
	return e, ok
}

// checkText refuses what no environment can have.
func checkText(ref value, text, key string) {
	if strings.ContainsRune(text, 0) {
		ref.fail("the value of key %s is not text", document.Display(key))
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "no key"
	}
	return strings.Join(list, ", ")
}
