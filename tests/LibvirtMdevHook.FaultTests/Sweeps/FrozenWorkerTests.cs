using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>
/// The worker stands still at any call, its hook is killed or goes on waiting, and libvirt, or another libvirtd, ends the domain and starts
/// it again. Whatever the worker does when it goes on, it does nothing to the domain's next life.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class FrozenWorkerTests
{
    private const double Share = 0.3;

    private static readonly string[] Operations = ["prepare", "start", "stopped", "release", "migrate"];
    private static readonly string[] Dialects = ["rfc2016", "mdev", "vf"];

    /// <summary>Each operation in one dialect, which the seed chooses.</summary>
    private static IEnumerable<object[]> Cases =>
        Operations.Select((operation, number) => new object[] { operation, Dialects[(Budget.Seed + number) % Dialects.Length] });

    /// <summary>The worker has not even been told what to do.</summary>
    private static bool IsBeforeAll(Point point) => point.Call is { Name: "recvfrom", Nth: 1 };

    [TestCaseSource(nameof(Cases))]
    public void Stands_still_at_any_call_of(string operation, string dialect)
    {
        var budget = Budget.Share(Share / Operations.Length);
        using var sweep = new Sweep(operation, dialect);
        var points = sweep.Runs().ToArray().Where(run => run.Program == Traced.Worker)
            .SelectMany(run => run.Calls.SelectMany(call => FrozenWorker.Ways.Select(way =>
                new Point(run.Devices, run.Program, call, "signal=STOP", way)))).ToArray();

        sweep.Try($"SIGSTOP of the worker in {operation}, {dialect}", budget, points, Attempt, IsBeforeAll);

        void Attempt(Subject subject, Point point)
        {
            new FrozenWorker(sweep.Host, subject, point).Run();
            new Recovery(sweep.Host, subject).By("release");
        }
    }
}
