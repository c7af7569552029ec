package lint

import (
	"fmt"
	"io"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// policy is the arithmetic of a rule as a ValidatingAdmissionPolicy. It has only what one
// object shows by itself: a policy cannot look at other objects.
// https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
type policy struct {
	rule                      string // its ID
	group, version, resources string
	variables                 []celName
	valid                     string // in CEL: the object has no such mistake
	message                   string // in CEL: the mistake in numbers
}

// celName is a name for an expression.
type celName struct{ name, expression string }

// ofPods are the variables for objects with a pod template.
var ofPods = []celName{
	{"pod", "object.spec.template.spec"},
	{"grace", "has(variables.pod.terminationGracePeriodSeconds) ? variables.pod.terminationGracePeriodSeconds : 30"},
}

const makePods = "deployments, statefulsets, daemonsets"

var policies = []policy{
	{
		rule: "prestop-uses-the-grace-period", group: "apps", version: "v1", resources: makePods,
		variables: append(ofPods[:len(ofPods):len(ofPods)], celName{"wrong", "variables.pod.containers.filter(c, has(c.lifecycle) && has(c.lifecycle.preStop) && " +
			"has(c.lifecycle.preStop.sleep) && c.lifecycle.preStop.sleep.seconds >= variables.grace)"}),
		valid: "size(variables.wrong) == 0",
		message: "'preStop of container ' + variables.wrong[0].name + ' sleeps ' + string(variables.wrong[0].lifecycle.preStop.sleep.seconds) + " +
			"' s of a grace period of ' + string(variables.grace) + ' s'",
	},
	{
		rule: "grace-too-short", group: "apps", version: "v1", resources: makePods,
		variables: ofPods,
		valid:     "variables.grace > 0",
		message:   "'grace period 0 " + finding.ForceDelete + "'",
	},
	{
		rule: "grace-shorter-than-drain", group: "apps", version: "v1", resources: makePods,
		variables: append(ofPods[:len(ofPods):len(ofPods)], celName{"wrong", "variables.pod.containers.filter(c, has(c.env) && " +
			"c.env.exists(e, e.name == 'LAMEDUCK_GRACE' && has(e.value) && e.value.matches('^[0-9]+(s|m)$') && duration(e.value) > duration(string(variables.grace) + 's')))"}),
		valid: "size(variables.wrong) == 0",
		message: "'LAMEDUCK_GRACE of container ' + variables.wrong[0].name + ' is longer than the grace period of ' + string(variables.grace) + " +
			"' s: SIGKILL comes before the server has finished'",
	},
	{
		rule: "rollout-takes-all-pods-down", group: "apps", version: "v1", resources: "deployments",
		variables: []celName{
			{"most", "has(object.spec.strategy) && has(object.spec.strategy.rollingUpdate) && has(object.spec.strategy.rollingUpdate.maxUnavailable) ? " +
				"string(object.spec.strategy.rollingUpdate.maxUnavailable) : '25%'"},
			{"replicas", "has(object.spec.replicas) ? object.spec.replicas : 1"},
		},
		valid:   "variables.replicas < 2 || variables.most != '100%' && (variables.most.endsWith('%') || int(variables.most) < variables.replicas)",
		message: "'maxUnavailable ' + variables.most + ' of ' + string(variables.replicas) + ' pods: a rollout may end all of them at the same time'",
	},
	{
		rule: "budget-never-allows", group: "policy", version: "v1", resources: "poddisruptionbudgets",
		valid: "!(has(object.spec.maxUnavailable) && string(object.spec.maxUnavailable) in ['0', '0%']) && " +
			"!(has(object.spec.minAvailable) && string(object.spec.minAvailable) == '100%')",
		message: "'no pod may be evicted, and a drain of its node never ends'",
	},
}

// WritePolicies writes the arithmetic of the rules that one object alone can break as
// ValidatingAdmissionPolicies, each with a binding that warns, for kubectl apply. An
// object ignores a policy by the annotation by which it ignores the rule.
func WritePolicies(w io.Writer) error {
	var b strings.Builder
	for i := range policies {
		policies[i].write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *policy) write(b *strings.Builder) {
	fmt.Fprintf(b, `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: lameduck-%[1]s
spec:
  failurePolicy: Ignore # a policy that cannot be asked stops no deploy
  matchConstraints:
    resourceRules:
      - apiGroups: [%[2]s]
        apiVersions: [%[3]s]
        operations: [CREATE, UPDATE]
        resources: [%[4]s]
  matchConditions:
    - name: not-ignored
      expression: >-
        !has(object.metadata.annotations) || !(%[5]q in object.metadata.annotations) ||
        !object.metadata.annotations[%[5]q].split(":")[0].split(",").exists(id, id.trim() == %[1]q)
`, p.rule, p.group, p.version, p.resources, ignoreAnnotation)
	for i, v := range p.variables {
		if i == 0 {
			b.WriteString("  variables:\n")
		}
		fmt.Fprintf(b, "    - name: %s\n      expression: >-\n        %s\n", v.name, v.expression)
	}
	fmt.Fprintf(b, `  validations:
    - expression: >-
        %[2]s
      messageExpression: >-
        '%[1]s: ' + %[3]s
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: lameduck-%[1]s
spec:
  policyName: lameduck-%[1]s
  validationActions: [Warn, Audit] # [Deny] refuses the object
`, p.rule, p.valid, p.message)
}
