using System.Collections.Immutable;
using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>What happens when, and which process is killed. All of it comes from a seed, so that a run can be repeated.</summary>
internal sealed record Schedule(int Seed, ImmutableArray<DeclaringDomain> Domains, ImmutableArray<Group> Groups,
    ImmutableArray<int> Reconciles)
{
    private const int LivesEach = 3;
    private const int RunTime = 12_000;

    /// <summary>Half of the domains are alone. Most others are clones in pairs, which live at the same time.</summary>
    public static Schedule From(int seed, RacedHost host)
    {
        var chance = new Random(seed);
        var domains = Enumerable.Range(0, host.Domains).Select(n => host.Domain(chance, n)).ToArray();
        var groups = ImmutableArray.CreateBuilder<Group>();
        for (var first = 0; first < domains.Length; first++)
        {
            var isPair = first + 1 < domains.Length / 2 && chance.Next(4) > 0;
            int[] members = isPair ? [first, first + 1] : [first];
            if (isPair)
                domains[first + 1] = domains[first + 1] with { Vgpus = domains[first].Vgpus };
            groups.Add(new Group([.. Enumerable.Range(0, LivesEach).Select(_ => Lives(chance, members, domains.Length))]));
            first = members[^1];
        }

        return new Schedule(seed, [.. domains], groups.ToImmutable(), [.. Enumerable.Range(0, 3).Select(_ => chance.Next(RunTime))]);
    }

    private static ImmutableArray<Life> Lives(Random chance, int[] members, int domains)
    {
        var pause = chance.Next(1, 600);
        return [.. members.Select(domain => Live(chance, new Life(domain, pause), domains))];
    }

    private static Life Live(Random chance, Life life, int domains)
    {
        // A domain that migrates in with the name of a stranger's device may use that device, which would then vanish from under it.
        var meetsStranger = life.Domain >= domains / 2 && chance.Next(2) == 0;
        return life with
        {
            NamesOf = chance.Next(4) == 0 ? chance.Next(domains / 2) : null,
            EndsOffline = chance.Next(4) == 0,
            Runs = chance.Next(20, 400),
            Holds = chance.Next(3) == 0 && !meetsStranger ? chance.Next(1, 500) : 0,
            IsForgotten = chance.Next(8) == 0,
            MeetsStranger = meetsStranger,
            StrangerStays = chance.Next(2) == 0,
            Kill = chance.Next(3) == 0 ? Kill(chance) : null,
            Freeze = chance.Next(2) == 0 ? Freeze(chance) : null,
        };
    }

    private static Kill Kill(Random chance) => new(
        new[] { "prepare", "prepare", "start", "stopped", "release", "release", "migrate" }[chance.Next(7)],
        chance.Next(2) == 0 ? Victim.Hook : Victim.Worker,
        chance.Next(0, 150));

    /// <summary>
    /// Most of them before the worker's first look, and long enough for the domain's next life to run. Later it may have a lock that
    /// the next life needs.
    /// </summary>
    private static Freeze Freeze(Random chance)
    {
        var after = chance.Next(3) > 0 ? 0 : chance.Next(1, 100);
        return new Freeze(
            new[] { "prepare", "start", "started", "stopped", "release", "release", "release", "migrate" }[chance.Next(8)],
            chance.Next(6) == 0 ? Victim.Hook : Victim.Worker,
            after,
            after == 0 ? chance.Next(3_000, 12_000) : chance.Next(500, 3_000),
            chance.Next(2) == 0);
    }
}

/// <summary>Domains whose lives begin at the same times.</summary>
internal sealed record Group(ImmutableArray<ImmutableArray<Life>> Lives);

/// <summary>One life of a domain, from its start or incoming migration to its release.</summary>
/// <param name="Domain">Its number.</param>
/// <param name="Pause">Milliseconds before.</param>
internal sealed record Life(int Domain, int Pause)
{
    /// <summary>The other domain, whose device names this one has when it migrates in; null when it is started here.</summary>
    public int? NamesOf { get; init; }

    /// <summary>No start follows the migration.</summary>
    public bool EndsOffline { get; init; }

    /// <summary>Milliseconds.</summary>
    public int Runs { get; init; }

    /// <summary>Milliseconds that its QEMU has the nodes open after its release; 0 when it never has.</summary>
    public int Holds { get; init; }

    /// <summary>libvirtd dies: no stopped, no release.</summary>
    public bool IsForgotten { get; init; }

    /// <summary>While it runs, its first device vanishes, and a stranger makes another with the same name.</summary>
    public bool MeetsStranger { get; init; }

    /// <summary>The stranger's device stays until the next life is over.</summary>
    public bool StrangerStays { get; init; }

    public Kill? Kill { get; init; }

    public Freeze? Freeze { get; init; }
}

/// <param name="Operation">The call during which a process is killed.</param>
/// <param name="After">Milliseconds from its begin.</param>
internal sealed record Kill(string Operation, Victim Victim, int After);

/// <summary>SIGSTOP, and SIGCONT when the domain's next life runs.</summary>
/// <param name="Operation">The call during which a process stands still.</param>
/// <param name="After">Milliseconds from when it is there.</param>
/// <param name="Time">Milliseconds that it stands still at most.</param>
/// <param name="HookIsKilled">The hook of a worker that stands still is killed, so that libvirtd goes on without it.</param>
internal sealed record Freeze(string Operation, Victim Victim, int After, int Time, bool HookIsKilled);

/// <summary>Which process is killed, or stands still.</summary>
internal enum Victim
{
    Hook,
    Worker,
}
