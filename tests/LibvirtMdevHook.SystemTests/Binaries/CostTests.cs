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
        const int middle = rounds / 2;
        TestContext.Out.WriteLine($"{operation}: minimum {Compare(ours[0], theirs[0])}, median {Compare(ours[middle], theirs[middle])}");
        Assert.That(ours[0] / theirs[0], Is.LessThanOrEqualTo(3.0));

        static string Compare(double our, double their) =>
            $"{our:0.00} ms against {their:0.00} ms of an empty shell script ({our / their:0.00} times)";
    }
}
