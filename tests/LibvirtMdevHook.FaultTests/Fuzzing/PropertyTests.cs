using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>Inputs from a grammar and from noise, for each reader separately. FsCheck shrinks a failing input as far as it can.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class PropertyTests
{
    private const int Round = 200;

    private static IEnumerable<Target> Targets => Target.All;

    [TestCaseSource(nameof(Targets))]
    public void A_reader_takes_whatever_it_is_given(Target target)
    {
        var budget = Budget.Share(0.1 / Target.All.Length);
        var tally = new Tally($"inputs from a grammar: {target}");
        var valid = target.Valid();
        var arbitrary = Arb.From(Gen.Choose(0, int.MaxValue).Select(seed => Samples.Of(valid, seed)), sample => sample.Smaller());
        var property = Prop.ForAll(arbitrary, sample => Tried($"{sample}", sample.Bytes()) is null);
        var round = 0ul;
        do
        {
            // The second number of splitmix has to be odd.
            var config = Config.QuickThrowOnFailure.WithMaxTest(Round).WithReplay((ulong)Budget.Seed, (2 * round) + 1)
                .WithQuietOnSuccess(true);
            try
            {
                Check.One(config, property);
            }
            catch (Exception e) when (e is not AssertionException)
            {
                Assert.Fail($"{target}, seed {Budget.Seed}, round {round}: {e.Message}");
            }

            for (var seed = 0; seed < Round; seed++)
            {
                var noise = Samples.Noise(unchecked((Budget.Seed * 31 + (int)round) * Round + seed));
                Assert.That(Tried("noise", noise), Is.Null, () => $"noise {Convert.ToBase64String(noise)}");
            }

            round++;
        }
        while (!budget.IsOver);
        tally.Conclude();

        string? Tried(string point, byte[] input)
        {
            var trouble = target.Trouble(input);
            if (trouble is null)
                tally.Add("", null);
            else
                TestContext.Out.WriteLine($"{point}\n{trouble}");
            return trouble;
        }
    }
}
