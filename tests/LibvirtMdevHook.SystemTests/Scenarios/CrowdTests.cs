using System.Collections.Immutable;
using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Domains that start at the same time.</summary>
[TestFixture]
internal sealed class CrowdTests() : Scenario("m60-rfc2016.xml")
{
    [Test]
    public void Of_two_domains_that_want_the_last_instance_one_runs()
    {
        ImmutableArray<VgpuDomain> both = [Pinned("left"), Pinned("right")];
        Define(both);
        for (var round = 0; round < 3; round++)
        {
            var outcomes = All(both, domain => Lab.Virsh("start", $"{domain.Uuid}"));
            var winner = both.Single(domain => State(domain.Uuid) == "running");
            var loser = both.Single(domain => domain != winner);

            Assert.That(outcomes[both.IndexOf(winner)].Status, Is.Zero);
            var sentence = Sentence(Failure(outcomes[both.IndexOf(loser)]));
            Assert.That(sentence, Does.StartWith($"domain '{loser.Name}': ").And.Contains("no instance"));
            Assert.That((Exists(winner.Device), Exists(loser.Device)), Is.EqualTo((true, false)));

            Destroy(winner);
            Start(loser.Uuid);
            Destroy(loser);
            NothingMayBeLeft();
        }

        static VgpuDomain Pinned(string name) => new(name, "GRID M60-8Q") { Parent = "0000:86:00.0" };
    }

    [TestCase("breadth-first", 5, 5)]
    [TestCase("depth-first", 10, 0)]
    public void Ten_domains_are_placed_as_they_want_it(string placement, int first, int second)
    {
        var one = new VgpuDomain("guest", "GRID M60-0B") { Rule = $"placement='{placement}'" };
        VgpuDomain[] ten = [.. Enumerable.Range(0, 10).Select(number =>
            one with { Name = $"guest{number}", Uuid = Guid.NewGuid(), Devices = [Guid.NewGuid()] })];
        Define(ten);
        var outcomes = All(ten, domain => Lab.Virsh("start", $"{domain.Uuid}"));

        Assert.That(outcomes.Select(outcome => outcome.Errors.Trim()), Has.All.Empty);
        Assert.That((Count("0000:86:00.0"), Count("0000:87:00.0")), Is.EqualTo((first, second)));
        Assert.That(ten, Has.All.Matches<VgpuDomain>(HasRecord));

        All(ten, domain => Lab.Virsh("destroy", $"{domain.Uuid}").Expected("virsh destroy"));
        NothingMayBeLeft();
    }

    private void Define(IEnumerable<VgpuDomain> domains)
    {
        foreach (var domain in domains)
            Lab.Define(domain.Guest());
    }

    private int Count(string parent) =>
        Lab.Host.State().Split('\n').Count(line => line.Contains($"parent={parent} type=11", StringComparison.Ordinal));

    /// <summary>Runs an action for all domains at the same time.</summary>
    private static Outcome[] All(IEnumerable<VgpuDomain> domains, Func<VgpuDomain, Outcome> act)
    {
        var tasks = domains.Select(domain => Task.Factory.StartNew(
            () => act(domain), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return Task.WhenAll([.. tasks]).Result;
    }
}
