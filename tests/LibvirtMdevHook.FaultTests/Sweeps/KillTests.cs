using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>SIGKILL of the hook, of its worker, or of virt-mdev, at each system call that changes something and at some others.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class KillTests
{
    /// <summary>How many of the calls that change nothing are tried, for each program.</summary>
    private const int Sample = 20;

    private static readonly string[] Operations = ["prepare", "release", "migrate", "attach", "reconcile"];
    private static readonly string[] Dialects = ["rfc2016", "mdev", "vf"];

    private static IEnumerable<object[]> Cases =>
        Operations.SelectMany(operation => Dialects.Select(dialect => new object[] { operation, dialect }));

    [TestCaseSource(nameof(Cases))]
    public void Killed_at_any_call_of(string operation, string dialect)
    {
        var budget = Budget.Share(0.9 / Operations.Length / Dialects.Length);
        using var sweep = new Sweep(operation, dialect);
        var points = sweep.Runs().ToArray().SelectMany(run => Points(run.Devices, run.Program, run.Calls)).ToArray();

        sweep.Try($"SIGKILL in {operation}, {dialect}", budget, points, (subject, point) =>
        {
            sweep.Run(subject, point);
            new Recovery(sweep.Host, subject).By(point.Way);
        });
    }

    private static IEnumerable<Point> Points(int devices, Traced program, IReadOnlyList<SystemCall> calls)
    {
        var random = new Random(Budget.Seed);
        var others = calls.Where(call => !call.Changes && call.IsOfMain).ToArray();
        random.Shuffle(others);
        return calls.Where(call => call.Changes).SelectMany(call => Recovery.Ways.Select(way => (call, way)))
            .Concat(others.Take(Sample).Select((call, number) => (call, way: Recovery.Ways[number % Recovery.Ways.Length])))
            .Select(p => new Point(devices, program, p.call, "signal=KILL", p.way));
    }
}
