package workers

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// The defaults of a Config.
const (
	DefaultStartTimeout = 2 * time.Minute
	DefaultDeadline     = time.Hour // enough for the start and the end of a trial; the time between is added
)

// Most is the highest Count: a connection's number has to fit into the 53
// bits that JSON keeps of it, with the worker's index above 40 of its own.
const Most = 4096

// Config is which workers to start where. Client, Core, REST, Namespace, Image
// and Count are needed.
type Config struct {
	Client    dynamic.Interface
	Core      rest.Interface // the core API of the same cluster, for logs and streams
	REST      *rest.Config   // of the same cluster, for the streams
	Namespace string
	Image     string           // the tool's own, of the same version
	Count     int              // of workers, 1 to Most
	RunID     string           // names the Job and labels all that is created; default: random
	Log       io.Writer        // a line per step, for a person; may be nil
	Waiting   func(why string) // called several times a second while not all workers run; may be nil
	Kubectl   string           // how a user calls it for the same cluster; default: kubectl

	StartTimeout time.Duration // until all workers run and answer; default: DefaultStartTimeout
	Deadline     time.Duration // until Kubernetes itself ends the Job; default: DefaultDeadline

	attach attacher // default: through the API server
}

// attacher connects the streams to the container of a pod, until the
// container has ended, or the connection, or ctx.
type attacher func(ctx context.Context, pod string, in io.Reader, out, errw io.Writer) error

func (c Config) withDefaults() Config {
	c.RunID = cmp.Or(c.RunID, strings.ToLower(rand.Text()[:8]))
	c.StartTimeout = cmp.Or(c.StartTimeout, DefaultStartTimeout)
	c.Kubectl = cmp.Or(c.Kubectl, "kubectl")
	c.Deadline = cmp.Or(c.Deadline, DefaultDeadline)
	if c.Log == nil {
		c.Log = io.Discard
	}
	if c.Waiting == nil {
		c.Waiting = func(string) {}
	}
	return c
}

// Check returns an error with a hint for a wrong setting.
func (c Config) Check() error {
	c = c.withDefaults()
	switch problems := validation.IsDNS1123Label(c.name()); {
	case c.Count < 1 || c.Count > Most:
		return hint.New(fmt.Errorf("%d workers", c.Count), fmt.Sprintf("choose 1 to %d with --workers", Most))
	case c.Image == "":
		return hint.New(fmt.Errorf("the workers have no image"), "name the tool's own image with --image")
	case len(problems) > 0:
		return hint.New(fmt.Errorf("%q cannot be the name of a Job", c.name()), problems[0])
	}
	return nil
}

// name is that of the Job.
func (c Config) name() string { return "lameduck-workers-" + c.RunID }
