package app

import (
	"context"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/ledger"
)

// Bounds of the figures: labels are classes of routes and codes of the source, never what a client sent.
const (
	maxMeasuredTenants = 100
	collectFor         = 5 * time.Second
)

// metrics are what the house tells a monitor, in the form of Prometheus.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	commits  prometheus.Counter
	declines *prometheus.CounterVec
	batch    prometheus.Histogram
}

func (a *App) newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lojal_requests_total", Help: "Answered requests by class of route and status.",
		}, []string{"route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lojal_request_seconds", Help: "Time from the request's headers to the end of the answer.",
			Buckets: []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10},
		}, []string{"route"}),
		commits: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "lojal_commits_total", Help: "Commands that the lane has booked or found booked already.",
		}),
		declines: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lojal_declines_total", Help: "Commands that the lane has refused, by code.",
		}, []string{"code"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "lojal_batch_commands", Help: "Commands that shared one commit.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128},
		}),
	}
	m.registry.MustRegister(m.requests, m.took, m.commits, m.declines, m.batch, &books{app: a},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// committed counts the results of a batch. The lane calls it between two batches: it must be quick.
func (m *metrics) committed(results []ledger.Result) {
	m.batch.Observe(float64(len(results)))
	for i := range results {
		switch e := fault.Of(results[i].Err); {
		case results[i].Err == nil:
			m.commits.Inc()
		case e != nil:
			m.declines.WithLabelValues(e.Code.Name).Inc()
		default:
			m.declines.WithLabelValues(web.ErrInternal.Name).Inc()
		}
	}
}

// observe counts the requests that a mux answers. It stands right before the mux: only there the route is
// known afterwards.
func (m *metrics) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := clock.Mono()
		out := &counted{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			class := classOf(r.Pattern)
			m.requests.WithLabelValues(class, strconv.Itoa(out.status)).Inc()
			m.took.WithLabelValues(class).Observe((clock.Mono() - began).Seconds())
		}()
		next.ServeHTTP(out, r)
	})
}

// classOf gives the class of a route: the edge and the noun. "POST /pos/v1/transactions/{id}/reverse" is
// pos/transactions, "GET /v1/members/{id}" is v1/members.
func classOf(pattern string) string {
	_, path, ok := strings.Cut(pattern, " ")
	if !ok {
		path = pattern
	}
	var kept []string
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "v1" && len(kept) > 0 || strings.HasPrefix(part, "{") {
			continue
		}
		if kept = append(kept, part); len(kept) == 2 {
			break
		}
	}
	switch {
	case pattern == "":
		return "none"
	case len(kept) == 0:
		return "front"
	}
	return strings.Join(kept, "/")
}

// counted notes the status of an answer.
type counted struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader notes the first status that is an answer.
func (c *counted) WriteHeader(status int) {
	if !c.wrote && status >= http.StatusOK {
		c.status, c.wrote = status, true
	}
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap gives the writer beneath, for http.ResponseController.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// books are the figures that are read when they are asked for.
type books struct{ app *App }

var (
	seqDesc   = prometheus.NewDesc("lojal_ledger_seq", "The last entry of a tenant's ledger.", []string{"tenant"}, nil)
	bytesDesc = prometheus.NewDesc("lojal_database_bytes", "Disk that the database takes, its log not counted.", nil, nil)
	queueDesc = prometheus.NewDesc("lojal_lane_waiting", "Commands that wait for the lane.", nil, nil)
	buildDesc = prometheus.NewDesc("lojal_build_info", "Always 1; the labels say what runs.", []string{"version", "revision", "go", "database"}, nil)
)

// Describe tells which figures there are.
func (b *books) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{seqDesc, bytesDesc, queueDesc, buildDesc} {
		out <- d
	}
}

// Collect reads them. A figure that cannot be read now is left out of this answer.
func (b *books) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectFor)
	defer cancel()
	out <- prometheus.MustNewConstMetric(queueDesc, prometheus.GaugeValue, float64(b.app.lane.Waiting()))
	version, revision, compiler := build()
	out <- prometheus.MustNewConstMetric(buildDesc, prometheus.GaugeValue, 1, version, revision, compiler, b.app.db.Kind())
	if n, err := b.app.db.Bytes(ctx); err == nil {
		out <- prometheus.MustNewConstMetric(bytesDesc, prometheus.GaugeValue, float64(n))
	}
	list, err := b.app.house.Tenants(ctx, 0, maxMeasuredTenants)
	if err != nil {
		return
	}
	for _, t := range list {
		if seq, _, err := b.app.head(ctx, int64(t.ID)); err == nil {
			out <- prometheus.MustNewConstMetric(seqDesc, prometheus.CounterValue, float64(seq), t.Slug)
		}
	}
}

// build gives what the linker knows of this binary.
func build() (version, revision, compiler string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", "", ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return info.Main.Version, revision, info.GoVersion
}

// metricsRoute answers a monitor on this machine, or one that shows the operator's key (TH65).
func (a *App) metricsRoute(mux *http.ServeMux) {
	answer := promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if err := a.mayMeasure(r); err != nil {
			web.WriteProblem(w, r, err, web.Meta{})
			return
		}
		answer.ServeHTTP(w, r)
	})
}

func (a *App) mayMeasure(r *http.Request) error {
	bearer, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !given {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		// Behind a proxy on this machine everybody comes from here: a forwarded request needs the key.
		if ip := net.ParseIP(host); err == nil && ip.IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == "" {
			return nil
		}
		return fault.New(fault.ErrUnauthenticated)
	}
	c, err := a.access.Gate().Authenticate(r.Context(), bearer)
	if err == nil && c.Kind != access.Operator {
		err = fault.New(fault.ErrForbidden)
	}
	return err
}
