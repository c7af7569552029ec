package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"

// loadBalancer is one outside the cluster that has the pods themselves as targets.
type loadBalancer struct {
	name   string
	object *object.Object // that asks for it
	// late are the seconds in which it sends new connections to a pod that it was asked
	// to leave out, as its users have measured: AWS does not promise any.
	late int
}

// The controller's issues 2366 (NLB), and 2106 and 1064 (ALB) have the figures.
const (
	lateNLB = 120
	lateALB = 15
)

// outside is the load balancer that has the pods of the Service as its targets; nil if
// the manifests ask for none.
func (s *service) outside(routes map[key]*object.Object) *loadBalancer {
	const aws = "service.beta.kubernetes.io/aws-load-balancer-"
	kind := s.Annotation(aws + "type").Text()
	ip := s.Annotation(aws+"nlb-target-type").Text() == "ip"
	class := s.Get("spec", "loadBalancerClass").Text() == "service.k8s.aws/nlb"
	if s.Get("spec", "type").Text() == "LoadBalancer" && (kind == "nlb-ip" || ip && (kind == "external" || class)) {
		return &loadBalancer{"the network load balancer of AWS", s.Object, lateNLB}
	}
	o := routes[key{"Service", s.Namespace, s.Name}]
	if o == nil || o.Kind != "Ingress" || o.Annotation("alb.ingress.kubernetes.io/target-type").Text() != "ip" {
		return nil
	}
	if o.Get("spec", "ingressClassName").Text() == "alb" || o.Annotation("kubernetes.io/ingress.class").Text() == "alb" {
		return &loadBalancer{"the application load balancer of " + o.String(), o, lateALB}
	}
	return nil
}

// readinessGates reports whether new pods wait until the load balancer has them.
func (s *set) readinessGates(w *workload) bool {
	if len(w.pod.Get("readinessGates").Items()) > 0 {
		return true
	}
	for _, o := range s.objects {
		if o.Is("", "Namespace") && o.Name == w.Namespace && o.Get("metadata", "labels").Field("elbv2.k8s.aws/pod-readiness-gate-inject").Text() == "enabled" {
			return true
		}
	}
	return false
}
