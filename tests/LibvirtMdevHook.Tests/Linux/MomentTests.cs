using System.Diagnostics;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Linux;

/// <summary>Moments of all processes are of one clock, fine enough to tell a call from a record.</summary>
internal sealed class MomentTests
{
    private const long Millisecond = 1_000_000;

    [Test]
    public void A_moment_is_after_an_earlier_one_alone()
    {
        var moment = new Moment(5 * Millisecond);

        Assert.That(moment.IsAfter(moment.Plus(-Millisecond)), Is.True);
        Assert.That(moment.IsAfter(moment), Is.False);
        Assert.That(moment.IsAfter(moment.Plus(Millisecond)), Is.False);
        Assert.That(Moment.End.IsAfter(Moment.Now), Is.True);
    }

    [Test]
    public void It_is_of_the_monotonic_clock_in_nanoseconds()
    {
        Assert.That(Stopwatch.Frequency, Is.EqualTo(1_000_000_000));
        // TickCount64 is of the same clock, but a tick of the kernel's timer late.
        Assert.That(Moment.Now.Nanoseconds / Millisecond, Is.EqualTo(Environment.TickCount64).Within(1_000));
    }

    [Test]
    public void Two_moments_within_a_tick_of_the_timer_are_told_apart()
    {
        var first = Moment.Now;
        var second = Moment.Now;
        while (second == first)
            second = Moment.Now;

        Assert.That(second.IsAfter(first), Is.True);
        Assert.That(second.Nanoseconds - first.Nanoseconds, Is.LessThan(4 * Millisecond));
    }
}
