package workers

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// RunLabel marks the Job and the pods of a run; its value is the RunID.
const RunLabel = "lameduck.dev/run"

const (
	componentLabel = "app.kubernetes.io/component"

	container = "worker"
	nonroot   = 65532 // as in the image
	linger    = 60    // seconds that a finished Job is kept, for inspection
	grace     = 5     // seconds; a worker ends at once on SIGTERM
)

// Job is a Job of batch/v1 with the fields that workers set, of the same names. The
// package k8s.io/api/batch/v1 compiles five others with it, for an alpha field.
type Job struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              JobSpec `json:"spec"`
}

// JobSpec is how many pods of the template run, all at a time, and for how long.
type JobSpec struct {
	CompletionMode          string                 `json:"completionMode"`
	Completions             int32                  `json:"completions"`
	Parallelism             int32                  `json:"parallelism"`
	BackoffLimit            int32                  `json:"backoffLimit"`
	ActiveDeadlineSeconds   int64                  `json:"activeDeadlineSeconds"`
	TTLSecondsAfterFinished int32                  `json:"ttlSecondsAfterFinished"`
	Template                corev1.PodTemplateSpec `json:"template"`
}

// jobIndex is the annotation with the index of a pod of an indexed Job:
// JobCompletionIndexAnnotation of batch/v1.
const jobIndex = "batch.kubernetes.io/job-completion-index"

// Manifest is the Job that Start creates. Its pods satisfy the Pod Security
// standard "restricted", have no token, and are spread over the nodes where
// possible.
func Manifest(cfg Config) *Job {
	cfg = cfg.withDefaults()
	labels := cfg.labels()
	return &Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: cfg.name(), Namespace: cfg.Namespace, Labels: labels},
		Spec: JobSpec{
			CompletionMode:          "Indexed",
			Completions:             int32(cfg.Count),
			Parallelism:             int32(cfg.Count),
			ActiveDeadlineSeconds:   int64(cfg.Deadline / time.Second),
			TTLSecondsAfterFinished: linger,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{
					Labels:      labels,
					Annotations: map[string]string{"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
				},
				Spec: cfg.pod(),
			},
		},
	}
}

func (c Config) labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":       "lameduck",
		componentLabel:                 wire.Role,
		"app.kubernetes.io/managed-by": "lameduck",
		RunLabel:                       c.RunID,
	}
}

func (c Config) pod() corev1.PodSpec {
	return corev1.PodSpec{
		RestartPolicy:                 corev1.RestartPolicyNever,
		TerminationGracePeriodSeconds: new(int64(grace)),
		AutomountServiceAccountToken:  new(false),
		EnableServiceLinks:            new(false),
		NodeSelector:                  map[string]string{corev1.LabelOSStable: "linux"},
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   new(true),
			RunAsUser:      new(int64(nonroot)),
			RunAsGroup:     new(int64(nonroot)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
			MaxSkew:           1,
			TopologyKey:       corev1.LabelHostname,
			WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector:     &metav1.LabelSelector{MatchLabels: map[string]string{RunLabel: c.RunID}},
		}},
		Containers: []corev1.Container{c.container()},
	}
}

// container has no CPU limit: a throttled client would make pauses that look
// like the server's.
func (c Config) container() corev1.Container {
	return corev1.Container{
		Name:            container,
		Image:           c.Image,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Args:            []string{wire.Role},
		Stdin:           true,
		StdinOnce:       true, // without a coordinator stdin ends
		Env: []corev1.EnvVar{
			field(wire.EnvPod, "metadata.name"),
			field(wire.EnvNode, "spec.nodeName"),
			field(wire.EnvIP, "status.podIP"),
			{Name: "GOMEMLIMIT", Value: "400MiB"},
		},
		Ports: []corev1.ContainerPort{{Name: "control", ContainerPort: wire.ControlPort}},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("50m"),
				corev1.ResourceMemory: resource.MustParse("64Mi"),
			},
			Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			ReadOnlyRootFilesystem:   new(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

func field(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}

// completionIndex is the index of a pod's worker.
func completionIndex(p *corev1.Pod) (int, error) {
	return strconv.Atoi(p.Annotations[jobIndex])
}
