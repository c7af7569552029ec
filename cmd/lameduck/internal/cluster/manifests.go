package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// Manifests are a workload of a cluster, given as KIND/NAME, and the objects that
// belong to it: Services and PodDisruptionBudgets that select its pods, its
// HorizontalPodAutoscaler, and ConfigMaps that its pods use. They are YAML documents,
// without what the cluster has added. Nothing is changed in the cluster.
func Manifests(ctx context.Context, a *Access, name string) ([]byte, error) {
	r, err := parseRef(name)
	if err != nil {
		return nil, err
	}
	if r.kind == "services" {
		if r, err = workloadBehind(ctx, a.Client, a.Namespace, r.name); err != nil {
			return nil, err
		}
	}
	c := collection{client: a.Client, namespace: a.Namespace}
	w, err := c.get(ctx, schema.GroupVersionResource(resource(r.kind)), r.name)
	if err != nil {
		return nil, err
	}
	c.add(w)
	template, _, _ := unstructured.NestedMap(w.Object, "spec", "template")
	pods, _, _ := unstructured.NestedStringMap(template, "metadata", "labels")
	for _, of := range []struct {
		resource schema.GroupVersionResource
		belongs  func(map[string]any) bool
	}{
		{schema.GroupVersionResource{Version: "v1", Resource: "services"}, func(spec map[string]any) bool {
			selector, _, _ := unstructured.NestedStringMap(spec, "selector")
			return len(selector) > 0 && labels.SelectorFromSet(selector).Matches(labels.Set(pods))
		}},
		{schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}, func(spec map[string]any) bool {
			return selects(spec["selector"], pods)
		}},
		{schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}, func(spec map[string]any) bool {
			kind, _, _ := unstructured.NestedString(spec, "scaleTargetRef", "kind")
			name, _, _ := unstructured.NestedString(spec, "scaleTargetRef", "name")
			return kind == w.GetKind() && name == w.GetName()
		}},
	} {
		if err := c.list(ctx, of.resource, of.belongs); err != nil {
			return nil, err
		}
	}
	if err := c.configMaps(ctx, template); err != nil {
		return nil, err
	}
	return c.text.Bytes(), c.err
}

// selects reports whether a label selector, as JSON, selects pods with these labels.
func selects(selector any, pods map[string]string) bool {
	text, err := json.Marshal(selector)
	if err != nil {
		return false
	}
	var typed *metav1.LabelSelector
	if json.Unmarshal(text, &typed) != nil {
		return false
	}
	s, err := metav1.LabelSelectorAsSelector(typed)
	return err == nil && s.Matches(labels.Set(pods))
}

// collection is objects of one namespace, as text.
type collection struct {
	client    dynamic.Interface
	namespace string
	text      bytes.Buffer // documents of YAML
	err       error
}

func (c *collection) get(ctx context.Context, r schema.GroupVersionResource, name string) (*unstructured.Unstructured, error) {
	o, err := c.client.Resource(r).Namespace(c.namespace).Get(ctx, name, metav1.GetOptions{})
	return o, apiError(err, "get", r.Group, r.Resource, c.namespace)
}

func (c *collection) list(ctx context.Context, r schema.GroupVersionResource, belongs func(spec map[string]any) bool) error {
	all, err := c.client.Resource(r).Namespace(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return apiError(err, "list", r.Group, r.Resource, c.namespace)
	}
	for i := range all.Items {
		spec, _, _ := unstructured.NestedMap(all.Items[i].Object, "spec")
		if belongs(spec) {
			c.add(&all.Items[i])
		}
	}
	return nil
}

// configMaps adds those that a pod template mounts, or takes its environment from. One
// that does not exist may be an optional one.
func (c *collection) configMaps(ctx context.Context, template map[string]any) error {
	names := map[string]bool{}
	addConfigMaps(names, template["spec"])
	for _, name := range slices.Sorted(maps.Keys(names)) {
		o, err := c.get(ctx, schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, name)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		c.add(o)
	}
	return nil
}

// addConfigMaps adds the names of the ConfigMaps that v, or a value within it, refers to.
func addConfigMaps(names map[string]bool, v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			addConfigMaps(names, item)
		}
	case map[string]any:
		for field, value := range v {
			if name := nameIn(value); name != "" && slices.Contains([]string{"configMap", "configMapRef", "configMapKeyRef"}, field) {
				names[name] = true
			}
			addConfigMaps(names, value)
		}
	}
}

// nameIn is the field name of a value, "" if it has none.
func nameIn(v any) string {
	of, _ := v.(map[string]any)
	name, _ := of["name"].(string)
	return name
}

// add adds an object, without its status and what else the cluster writes.
func (c *collection) add(o *unstructured.Unstructured) {
	o = o.DeepCopy()
	unstructured.RemoveNestedField(o.Object, "status")
	for _, field := range []string{"managedFields", "uid", "resourceVersion", "generation", "creationTimestamp"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
	document, err := yaml.Marshal(o.Object)
	c.err = errors.Join(c.err, err)
	fmt.Fprintf(&c.text, "---\n%s", document)
}
