using System.Globalization;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;
using SharpFuzz;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>The same readers, with inputs that reach new branches of them.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class CoverageTests
{
    private readonly TemporaryFolder _folder = new();

    private static IEnumerable<Target> Targets => Target.All;

    [OneTimeSetUp]
    public void Instrument()
    {
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory)
            .Where(file => !file.EndsWith(".pdb", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(_folder.Path, Path.GetFileName(file)));
        var library = Path.Combine(_folder.Path, "LibvirtMdevHook.dll");
        Fuzzer.Instrument(library, type => type.StartsWith("LibvirtMdevHook.", StringComparison.Ordinal), Options.Value);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [TestCaseSource(nameof(Targets))]
    public void A_reader_takes_what_leads_it_everywhere(Target target)
    {
        var seconds = Math.Max(1, (int)(Budget.Time(0.15).TotalSeconds / Target.All.Length));
        var outcome = Command.Run(TimeSpan.FromSeconds(seconds + 120), Path.Combine(_folder.Path, "LibvirtMdevHook.FaultTests"),
            "fuzz", target.Name, $"{seconds}", $"{Budget.Seed}");
        Assert.That(outcome.Status, Is.Zero, () => $"{target}, seed {Budget.Seed}: {outcome.Output}{outcome.Errors}");
        var numbers = Array.ConvertAll(outcome.Output.Trim().Split(' '), number => int.Parse(number, CultureInfo.InvariantCulture));
        TestContext.Out.WriteLine($"{target}: {numbers[0]} inputs, {numbers[1]} branches, {numbers[2]} kept");
        var tally = new Tally($"inputs led by coverage: {target}");
        for (var input = 0; input < numbers[0]; input++)
            tally.Add("", null);
        tally.Conclude();
        Assert.That((numbers[1], numbers[2]), Is.GreaterThan((5, 1)), "branches and inputs that reached new ones");
    }
}
