using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>On small random hosts a plan comes out exactly where one is found by trying all combinations of parents.</summary>
internal sealed class ExhaustiveTests
{
    private const int Hosts = 400;

    [Test]
    public void A_plan_is_found_where_there_is_one([Values(GpuRule.Any, GpuRule.Same, GpuRule.Different)] GpuRule rule)
    {
        var counts = new Dictionary<bool, int> { [false] = 0, [true] = 0 };
        for (var seed = 0; seed < Hosts; seed++)
        {
            var input = RandomInput(new Random(seed), rule);
            var plan = Planner.Make(input, limit: new Deadline(long.MaxValue));
            // A device that fits nowhere is refused before any search.
            if (plan.Refusals.Any(r => r.Device is not null))
                continue;
            var devices = plan.Candidates.Where(c => c.Fits).GroupBy(c => c.Device).Select(group => group.ToArray()).ToArray();
            var isPossible = IsPossible(rule, devices, [], Capacity.Of(input.Host, []));
            Assert.That(plan.Record is not null, Is.EqualTo(isPossible), $"host {seed}: {Describe(input)}: {plan}");
            if (plan.Record is { } record)
                Assert.That(Obeys(rule, record.Claims.Select(c => c.Gpu)), $"host {seed}: {plan}");
            counts[isPossible]++;
        }

        Assert.That(counts.Values, Is.All.GreaterThan(Hosts / 20), "the hosts are such that both happens");
    }

    private static bool IsPossible(GpuRule rule, Candidate[][] devices, ImmutableList<Candidate> chosen, Capacity capacity)
    {
        if (chosen.Count == devices.Length)
            return Obeys(rule, chosen.Select(c => c.Parent.Gpu));
        foreach (var candidate in devices[chosen.Count].Where(c => capacity.HasRoomFor(c.Parent, c.Type)))
        {
            if (IsPossible(rule, devices, chosen.Add(candidate), capacity.Plus(HostInMemory.Claim(candidate, capacity))))
                return true;
        }

        return false;
    }

    private static bool Obeys(GpuRule rule, IEnumerable<SysfsName> gpus)
    {
        var all = gpus.ToArray();
        return rule switch
        {
            GpuRule.Same => all.Distinct().Count() == 1,
            GpuRule.Different => all.Distinct().Count() == all.Length,
            _ => true,
        };
    }

    private static PlanInput RandomInput(Random random, GpuRule rule)
    {
        var parents = Enumerable.Range(0x41, random.Next(1, 4)).SelectMany(bus => RandomGpu(random, $"0000:{bus:x2}:00.0")).ToArray();
        var hasPins = random.Next(2) == 0;
        var hostdevs = Enumerable.Range(0, random.Next(2, 6)).Select(_ => RandomHostdev(random, hasPins ? parents : []));
        return HostInMemory.Input(parents, rule, [.. hostdevs]);
    }

    private static IEnumerable<Parent> RandomGpu(Random random, string gpu)
    {
        var vfs = Enumerable.Range(4, random.Next(2, 5)).Select(function => $"{gpu[..^1]}{function}");
        switch (random.Next(5))
        {
            case 0:
                var (small, large) = (random.Next(1, 4), random.Next(0, 2));
                return [HostInMemory.Mdev(gpu, $"2Q={small} 2B={small} 4Q={large}")];
            case 1:
                var types = $"2Q={random.Next(3)} 2B={random.Next(3)} 4Q={random.Next(2)}";
                return [HostInMemory.Mdev(gpu, types, runsOneSize: false)];
            case 2:
                // Of a GPU that runs nothing every VF shows how much it has.
                return [.. vfs.Select(vf => HostInMemory.Vf(vf, gpu, $"{RandomTypes(random, 2)} 4Q"))];
            default:
                return [.. vfs.Select(vf => HostInMemory.Mdev(vf, RandomTypes(random, 2), gpu))];
        }
    }

    private static string RandomTypes(Random random, int count) => string.Join(' ', Types()[..count].Where(_ => random.Next(2) > 0));

    private static string RandomHostdev(Random random, Parent[] parents)
    {
        var type = Types()[(random.Next(5) + 1) % 3];
        if (parents.Length == 0 || random.Next(3) > 0)
            return type;
        var pinned = parents[random.Next(parents.Length)];
        return $"{type} {pinned.Name} {parents[random.Next(parents.Length)].Gpu}";
    }

    private static string[] Types() => ["2Q", "2B", "4Q"];

    private static string Describe(PlanInput input)
    {
        var parents = input.Host.Parents.Select(
            p => $"{p.Name} of {p.Gpu} ({p.Dialect.Name}): {string.Join(' ', p.Types.Select(t => $"{t.Name}={t.AvailableInstances}"))}");
        var hostdevs = input.Declaration.Hostdevs.Select(h => $"{h.Type} {string.Join(' ', h.Parents)}");
        return string.Join("; ", parents.Concat(hostdevs));
    }
}
