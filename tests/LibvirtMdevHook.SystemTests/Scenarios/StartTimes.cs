using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>How long a start takes, for people to read; tests/bench asserts numbers.</summary>
[TestFixture]
internal sealed class StartTimes() : Scenario("m60-rfc2016.xml")
{
    private const int Runs = 10;

    [Test]
    public void A_start_with_and_without_vGPUs_is_timed()
    {
        var plain = new GuestDomain("plain");
        var domain = new VgpuDomain("vgpus", "GRID M60-4Q", "GRID M60-4Q");
        Lab.Define(plain);
        Lab.Define(domain.Guest());
        List<double> without = [], with = [];
        for (var run = 0; run < Runs; run++)
        {
            without.Add(Time(() => Start(plain.Uuid)).TotalMilliseconds);
            Destroy(plain.Uuid);
            with.Add(Time(() => Start(domain.Uuid)).TotalMilliseconds);
            Destroy(domain);
            NothingMayBeLeft();
        }

        TestContext.Out.WriteLine(
            $"virsh start, {Runs} runs each: without a declaration {InWords(without)}; with two vGPUs {InWords(with)}.");
        Assert.That(Writes, Has.Length.EqualTo(Runs * 8));
    }

    private static string InWords(List<double> times) =>
        $"median {times.Order().ElementAt(times.Count / 2):0} ms, from {times.Min():0} to {times.Max():0} ms";
}
