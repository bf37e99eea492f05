using LibvirtMdevHook.Reports;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Reports;

internal sealed class NaturalOrderTests
{
    [TestCase("L40S-1B L40S-1Q L40S-2Q L40S-4Q L40S-16Q L40S-48Q")]
    [TestCase("M60-0Q M60-1B M60-1B4 M60-1Q M60-8Q")]
    [TestCase("A100-1-5C A100-1-5CME A100-2-10C A100-7-40C")]
    [TestCase("nvidia-11 nvidia-22 nvidia-210")]
    [TestCase("A-01 A-2 A-010 A-11 B")]
    [TestCase("GVTg GVTg_V5_1 GVTg_V5_99999999999999999999 GVTg_V5_100000000000000000000")]
    public void Digits_count_as_one_number(string names)
    {
        var sorted = names.Split(' ');
        Assert.That(sorted.Reverse().Order(NaturalOrder.Instance), Is.EqualTo(sorted));
    }
}
