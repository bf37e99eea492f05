using System.Text;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>What the hook costs every domain that does not use it.</summary>
[TestFixture]
[NonParallelizable] // Time is measured.
internal sealed class CostTests
{
    [TestCase("prepare")]
    [TestCase("release")]
    public void It_takes_at_most_three_times_as_long_as_a_hook_that_does_nothing(string operation)
    {
        const int rounds = 60;
        var domain = new DeclaringDomain("plain") { More = $"<!--as long as a usual guest's: {new string('x', 7000)}-->" };
        using var folder = new TemporaryFolder();
        var empty = folder.Program("empty-hook", "#!/bin/sh\n");
        var input = Encoding.UTF8.GetBytes(domain.WithoutMetadata());
        string[] arguments = [domain.Name, operation, "begin", "-"];
        var (theirs, ours) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            theirs.Add(BareProcess.Time(input, empty, arguments).TotalMilliseconds);
            ours.Add(BareProcess.Time(input, SourceTree.Hook, arguments).TotalMilliseconds);
        }

        theirs.Sort();
        ours.Sort();
        var ratio = ours[0] / theirs[0];
        TestContext.Out.WriteLine($"{operation}: {ratio:0.00} times an empty shell script at the minimum, {ours[rounds / 2] / theirs[rounds / 2]:0.00} at the "
            + $"median; minimum {ours[0]:0.00} ms against {theirs[0]:0.00} ms, median {ours[rounds / 2]:0.00} ms against {theirs[rounds / 2]:0.00} ms");
        Assert.That(ratio, Is.LessThanOrEqualTo(3.0));
    }
}
