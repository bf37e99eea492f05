using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>
/// Dozens of domains start, migrate in, run and end at once on a few parents, some with the same devices, while hooks and workers are
/// killed and devices replaced. The invariants hold throughout, and in the end everything is as before.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class RaceTests
{
    private const double Share = 0.35;

    private static readonly RacedHost[] Hosts = RacedHost.All;

    [TestCaseSource(nameof(Hosts))]
    public void No_device_is_booked_twice_none_online_too_early_none_taken_from_a_domain_that_runs(RacedHost raced)
    {
        var budget = Budget.Share(Share / Hosts.Length);
        var tally = new Tally($"races of {raced.Domains} domains on {raced.File}");
        var seed = Budget.Seed;
        do
        {
            tally.Try($"{raced.File}, seed {seed}", () => Run(raced, seed));
            seed++;
        }
        while (!budget.IsOver);
        tally.Conclude();
    }

    private static void Run(RacedHost raced, int seed)
    {
        using var host = new HookedHost(raced.File, "prepare_deadline = 10\nremoval_grace = 0", raced.Change);
        var schedule = Schedule.From(seed, raced);
        var race = new Race(schedule, host);
        var troubles = race.Run();
        TestContext.Progress.WriteLine(
            $"{raced.File}, seed {seed}: {race.Calls} calls, {race.Starts} domains ran, {troubles.Count} troubles");
        Assert.That(troubles, Is.Empty, () => $"{string.Join('\n', troubles.Take(10))}\nThe host's log is\n{host.LastOfLog()}");
        Assert.That(race.Starts, Is.GreaterThan(raced.Domains / 3), "too few domains came to run for a race");
    }
}
