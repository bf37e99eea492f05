using LibvirtMdevHook.Hosts;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Hosts;

/// <summary>The texts in which drivers list the types that fit on a VF.</summary>
internal sealed class VgpuTypeListTests
{
    private const string Both = "nvidia-1145 NVIDIA L40S-1B, nvidia-558 NVIDIA A40-2Q";

    [TestCase("ID    : vGPU Name\n1145  : NVIDIA L40S-1B\n558   : NVIDIA A40-2Q\n", Both, TestName = "With a header")]
    [TestCase("1145 : NVIDIA L40S-1B\n558 : NVIDIA A40-2Q\n", Both, TestName = "Without a header")]
    [TestCase("NVIDIA L40S-1B    1145\nNVIDIA A40-2Q\t558\n", Both, TestName = "The name first")]
    [TestCase("ID    : vGPU Name\n", "", TestName = "Only a header")]
    [TestCase("", "", TestName = "Nothing")]
    [TestCase("  1145:NVIDIA L40S-1B  \r\n\n558\t:\tNVIDIA A40-2Q", Both, TestName = "Other blanks")]
    [TestCase("0 : None\n99999999999 : Too much\n-3 : Minus\n558 :\nNVIDIA A40-2Q 558\n", "", TestName = "What is no row")]
    [TestCase("558 : NVIDIA A40-2Q\n558 : Another\n", "nvidia-558 NVIDIA A40-2Q", TestName = "A number twice")]
    public void A_row_is_a_number_and_a_name(string text, string expected) =>
        Assert.That(string.Join(", ", VgpuTypeList.Parse(text).Select(t => $"{t.Id} {t.Name}")), Is.EqualTo(expected));

    [Test]
    public void A_long_line_of_blanks_takes_no_time()
    {
        var begin = Environment.TickCount64;
        Assert.That(VgpuTypeList.Parse($"a{new string(' ', 1 << 20)}b\n1 : a{new string(' ', 1 << 20)}b"), Has.Length.EqualTo(1));
        Assert.That(Environment.TickCount64 - begin, Is.LessThan(5_000));
    }
}
