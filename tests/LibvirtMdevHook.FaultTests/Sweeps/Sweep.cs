using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>All points of one operation in one dialect, on one host as long as each point leaves it clean.</summary>
internal sealed class Sweep : IDisposable
{
    private const int MaximumTimes = 5;

    private static readonly int[] Devices = [1, 3];

    private readonly string _operation;
    private readonly string _dialect;
    private readonly Dictionary<int, Subject> _subjects = [];
    private SweptHost _host = new();

    public Sweep(string operation, string dialect) => (_operation, _dialect) = (operation, dialect);

    public SweptHost Host => _host;

    /// <summary>The calls of each program in a clean run, with one device and with three.</summary>
    public IEnumerable<(int Devices, Traced Program, IReadOnlyList<SystemCall> Calls)> Runs()
    {
        foreach (var devices in Devices)
        {
            var subject = SubjectOf(devices);
            foreach (var program in subject.Programs)
            {
                subject.Arrange();
                var groups = _host.Groups;
                subject.MustBeGood(subject.Run(Tracing.Of(program)));
                var begin = program switch { Traced.Hook => "read(0", Traced.Worker => "recvfrom(3", _ => "geteuid(" };
                yield return (devices, program, SystemCall.Read(_host.Trace, _host.Root, begin, groups));
                subject.Clear();
            }
        }
    }

    /// <summary>Tries points in order: first those that change something; among equals the seed decides.</summary>
    /// <param name="attempt">Fails if a point is not survived, and leaves a clean host otherwise.</param>
    /// <param name="comesFirst">Which points come first in place of those that change something.</param>
    public void Try(
        string what, Budget budget, IEnumerable<Point> points, Action<Subject, Point> attempt, Func<Point, bool>? comesFirst = null)
    {
        comesFirst ??= point => point.Call.Changes;
        var random = new Random(Budget.Seed);
        var wanted = points.Where(point => Point.Wanted is not { } text || $"{point}".Contains(text, StringComparison.Ordinal))
            .Select(point => (Point: point, Key: random.Next()))
            .OrderBy(p => !comesFirst(p.Point)).ThenBy(p => p.Key).Select(p => p.Point).ToArray();
        var tally = new Tally(what) { Of = wanted.Length };
        var hasTried = false;
        foreach (var point in wanted)
        {
            if (budget.IsOver && hasTried && Point.Wanted is null)
                break;
            hasTried = true;
            var survived = false;
            tally.Try($"{_operation}, {_dialect}, {point}", () =>
            {
                attempt(SubjectOf(point.Devices), point);
                survived = true;
            });
            if (!survived)
                Renew();
        }

        _host.MustBeUnchanged();
        if (wanted.Length > 0 || Point.Wanted is null)
            tally.Conclude();
    }

    /// <summary>
    /// Runs the operation with the point's fault. The number of waits differs from run to run, so that the call may not occur: then the run
    /// was a clean one, and the point is tried again.
    /// </summary>
    public SystemTests.Binaries.HookRun Run(Subject subject, Point point)
    {
        for (var times = 1; ; times++)
        {
            subject.Arrange();
            var run = subject.Run(point.IsLasting ? Tracing.From(point.Program, point.Call, point.What)
                : Tracing.At(point.Program, point.Call, point.What, point.Call.PathIn(_host.Root, _host.Groups)));
            if (IsMet(point))
                return run;
            Assert.That(times, Is.LessThan(MaximumTimes), "the point was not met");
            subject.MustBeGood(run);
            subject.Clear();
        }
    }

    private bool IsMet(Point point) => File.Exists(_host.Trace) && File.ReadAllText(_host.Trace)
        .Contains(point.What.StartsWith("signal", StringComparison.Ordinal) ? "+++ killed by SIGKILL" : "(INJECTED)",
            StringComparison.Ordinal);

    public void Dispose() => _host.Dispose();

    private Subject SubjectOf(int devices) =>
        _subjects.TryGetValue(devices, out var known) ? known : _subjects[devices] = new Subject(_host, _operation, _dialect, devices);

    private void Renew()
    {
        _host.Dispose();
        _subjects.Clear();
        _host = new SweptHost();
    }
}
