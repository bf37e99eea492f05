using LibvirtMdevHook.Reports;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Reports;

/// <summary>Prometheus' text format.</summary>
internal sealed class MetricFamilyTests
{
    [Test]
    public void Samples_are_sorted_and_each_set_of_labels_comes_once() =>
        Assert.That(new MetricFamily("m", "What it is.").Add(2, ("a", "y")).Add(1, ("a", "x")).Add(3, ("a", "y")).ToString(),
            Is.EqualTo("# HELP m What it is.\n# TYPE m gauge\nm{a=\"x\"} 1\nm{a=\"y\"} 5\n"));

    [Test]
    public void Values_of_labels_are_escaped() =>
        Assert.That(new MetricFamily("m", "h").Add(1, ("a", "\\n\"}\n"), ("b", "é")).ToString(),
            Does.EndWith("\nm{a=\"\\\\n\\\"}\\n\",b=\"é\"} 1\n"));

    [Test]
    public void What_a_terminal_would_obey_is_no_part_of_a_label() =>
        Assert.That(new MetricFamily("m", "h").Add(1, ("a", "\u009b31m\r\u202e")).ToString(),
            Does.EndWith("\nm{a=\"\\\\u009b31m\\\\r\\\\u202e\"} 1\n"));

    [Test]
    public void What_is_not_known_is_not_there() => Assert.That(new MetricFamily("m", "h").ToString(), Is.Empty);
}
