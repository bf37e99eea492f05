using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>How a call of the hook ended.</summary>
/// <param name="Status">Its exit status; 128 and more for a signal.</param>
/// <param name="Output">What it wrote to stdout, which libvirtd takes for XML.</param>
/// <param name="Errors">What it wrote to stderr, which virsh shows.</param>
/// <param name="Time">From the call until the hook has ended and no process has its outputs open: as long as libvirtd waits.</param>
internal sealed record HookRun(int Status, string Output, string Errors, TimeSpan Time)
{
    /// <summary>The sentence of a refusal, without the program's name and the end of the line.</summary>
    public string Sentence => Errors.Replace("libvirt-mdev-hook: ", "", StringComparison.Ordinal).TrimEnd('\n');

    /// <summary>Fails unless the call succeeded and printed nothing.</summary>
    public HookRun MustBeGood(string what = "the hook")
    {
        Assert.That((Status, Output, Errors), Is.EqualTo((0, "", "")), what);
        return this;
    }

    /// <summary>Fails unless the call succeeded and printed an XML for libvirtd, which is returned.</summary>
    public string MustBeRewritten()
    {
        Assert.That((Status, Errors), Is.EqualTo((0, "")));
        Assert.That(Output, Is.Not.Empty);
        return Output;
    }

    /// <summary>Fails unless the start, migration or restore was refused by one sentence on stderr.</summary>
    /// <param name="words">What the sentence has to contain.</param>
    public HookRun MustBeRefused(params IEnumerable<string> words)
    {
        Assert.That((Status, Output), Is.EqualTo((1, "")), Errors);
        MustBeSentence(words);
        return this;
    }

    /// <summary>Fails unless stderr is one line for people, without a trace of the program's internals.</summary>
    public void MustBeSentence(params IEnumerable<string> words)
    {
        Assert.That(Errors, Does.StartWith("libvirt-mdev-hook").And.EndWith("\n"));
        Assert.That(Errors.Count(char.IsControl), Is.EqualTo(1), $"control characters in {Errors}");
        Assert.That(Errors, Does.Not.Contain("Exception").And.Not.Contain(" at LibvirtMdevHook").And.Not.Contain("--->"));
        Assert.That(words.Where(word => !Errors.Contains(word, StringComparison.Ordinal)), Is.Empty, $"what is missing in: {Errors}");
    }
}
