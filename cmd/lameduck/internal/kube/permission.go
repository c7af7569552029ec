package kube

import "fmt"

// Permission is one thing that is done to the API, as a rule of RBAC grants it.
type Permission struct{ Verb, Group, Resource string }

func (r Permission) String() string {
	if r.Group == "" {
		return r.Verb + " " + r.Resource
	}
	return r.Verb + " " + r.Resource + "." + r.Group
}

// Rule is the rule of a Role or ClusterRole that grants it.
func (r Permission) Rule() string {
	return fmt.Sprintf("- {apiGroups: [%q], resources: [%q], verbs: [%q]}", r.Group, r.Resource, r.Verb)
}

// Permissions are the verbs, for one resource of an API group; that of the core is "".
func Permissions(group, resource string, verbs ...string) []Permission {
	var all []Permission
	for _, verb := range verbs {
		all = append(all, Permission{verb, group, resource})
	}
	return all
}
