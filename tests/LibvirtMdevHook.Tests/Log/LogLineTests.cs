using LibvirtMdevHook.Log;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Log;

/// <summary>A line of the log has a bounded length, whatever is refused.</summary>
internal sealed class LogLineTests
{
    [Test]
    public void What_is_short_stays_as_it_is() =>
        Assert.That(LogLine.Of("prepare of domain 'a\nb'", "created"), Is.EqualTo("prepare of domain 'a\\nb': created"));

    [Test]
    public void A_long_message_is_cut() =>
        Assert.That(LogLine.Of("prepare", new string('x', 16_000)), Is.EqualTo($"prepare: {new string('x', 1000)}..."));

    [Test]
    public void A_long_name_leaves_room_for_the_message() =>
        Assert.That(LogLine.Of(new string('n', 1000), "refused"), Is.EqualTo($"{new string('n', 300)}...: refused"));
}
