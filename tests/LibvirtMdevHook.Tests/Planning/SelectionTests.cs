using System.Diagnostics;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using NUnit.Framework;
using static LibvirtMdevHook.Tests.Planning.HostInMemory;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>The parents of all devices of a domain together: which are found, and what a search for them may take.</summary>
internal sealed class SelectionTests
{
    /// <summary>Two GPUs that are not equal, and a device too many: each 8Q needs a GPU.</summary>
    private static readonly Parent[] TwoGpus = [Mdev("0000:41:00.0", "2Q=4 4Q=2 8Q=1"), Mdev("0000:42:00.0", "2Q=3 4Q=2 8Q=1")];

    private static readonly string[] TooMany = ["2Q", "8Q", "8Q"];

    private static readonly Deadline Passed = new(0);
    private static readonly Deadline Never = new(long.MaxValue);

    [TestCase(GpuRule.Any)]
    [TestCase(GpuRule.Same)]
    public void A_VF_is_left_to_the_device_whose_type_it_alone_offers(GpuRule rule)
    {
        const string Gpu = "0000:41:00.0";
        Parent[] vfs = [Mdev("0000:41:00.4", "2Q 2B", Gpu), Mdev("0000:41:00.5", "2Q", Gpu), Mdev("0000:41:00.6", "2B", Gpu)];

        var plan = Planner.Make(Input(vfs, rule, "2Q", "2B", "2B"), limit: Never);

        Assert.That(ParentsOf(plan), Is.EqualTo(new[] { "0000:41:00.5", "0000:41:00.4", "0000:41:00.6" }), plan.ToString());
    }

    /// <summary>
    /// Ten devices that fit everywhere would take the first ten GPUs, and only the first two, which have many VFs, fit the others.
    /// </summary>
    [Test]
    public void Different_GPUs_are_found_where_the_first_GPUs_are_not_for_the_first_devices()
    {
        var gpus = Enumerable.Range(0x41, 12).Select(bus => $"0000:{bus:x2}:00.0").ToArray();
        var vfs = gpus[..2].SelectMany(gpu => Vfs(gpu, 10, Dialect.Mdev, "4Q").Append(Mdev(gpu, "2Q")));
        var parents = vfs.Concat(gpus[2..].Select(gpu => Mdev(gpu, "2Q")));

        var plan = Planner.Make(Input(parents, GpuRule.Different, [.. Enumerable.Repeat("2Q", 10), "4Q", "4Q"]));

        Assert.That(ParentsOf(plan), Is.EqualTo(gpus[2..].Append("0000:41:00.4").Append("0000:42:00.4")), plan.ToString());
    }

    [Test]
    public void More_devices_than_GPUs_are_refused_with_both_numbers()
    {
        var plan = Planner.Make(Input(TwoGpus, GpuRule.Different, TooMany));

        Assert.That(plan.Refusal, Does.Contain("its 3 devices").And.Contain("only 2 GPUs"));
    }

    [TestCase("mdev", "different")]
    [TestCase("vf", "different")]
    [TestCase("vf", "any")]
    public void A_hopeless_domain_is_refused_within_half_a_second(string dialect, string rule)
    {
        var gpus = Enumerable.Range(0x41, 8).Select(bus => $"0000:{bus:x2}:00.0");
        const string Types = "1Q 2Q 4Q 8Q 12Q 24Q 48Q 1B 2B 4B 8B 12B 24B 48B";
        var vfs = gpus.SelectMany(gpu => Vfs(gpu, 64, Dialect.Find(dialect)!, Types)).ToArray();
        var input = Input(vfs, Enum.Parse<GpuRule>(rule, ignoreCase: true), [.. Enumerable.Repeat("48Q", 9)]);

        // Other programs may have had the CPU, once or twice.
        var times = Enumerable.Range(0, 3).Select(_ => TimeToRefuse(input)).ToArray();
        Assert.That(times.Min(), Is.LessThan(TimeSpan.FromSeconds(0.5)));
    }

    [Test]
    public void A_search_that_was_given_up_says_so()
    {
        var plan = Planner.Make(Input(TwoGpus, GpuRule.Any, TooMany), limit: Passed);

        Assert.That(plan.Refusal, Does.StartWith("domain 'win10': the search for parents of its 3 devices was given up"));
    }

    [Test]
    public void A_search_without_a_wrong_turn_needs_no_time() =>
        Assert.That(Planner.Make(Input(TwoGpus, GpuRule.Any, "2Q", "4Q"), limit: Passed).Record, Is.Not.Null);

    /// <summary>A search that is made again has no time, and would say so.</summary>
    [Test]
    public void What_was_refused_is_searched_again_only_when_something_has_changed()
    {
        var refused = new RefusedSelection();
        Parent[] changed = [Mdev("0000:41:00.0", "2Q=3 4Q=2 8Q=1"), Mdev("0000:42:00.0", "2Q=4 4Q=2 8Q=1")];

        var refusals = new[]
        {
            Planner.Make(Input(TwoGpus, GpuRule.Any, TooMany), refused, Never).Refusal,
            Planner.Make(Input(TwoGpus, GpuRule.Any, TooMany), refused, Passed).Refusal,
            Planner.Make(Input(changed, GpuRule.Any, TooMany), refused, Passed).Refusal,
        };

        Assert.That(refusals.Select(r => r.Contains("given up", StringComparison.Ordinal)), Is.EqualTo(new[] { false, false, true }));
    }

    private static TimeSpan TimeToRefuse(PlanInput input)
    {
        var begin = Stopwatch.GetTimestamp();
        var plan = Planner.Make(input);
        var time = Stopwatch.GetElapsedTime(begin);
        Assert.That(plan.Refusal, Does.Contain("its 9 devices do not fit together"));
        return time;
    }

    private static IEnumerable<string>? ParentsOf(Plan plan) => plan.Record?.Claims.Select(c => c.Parent.ToString());
}
