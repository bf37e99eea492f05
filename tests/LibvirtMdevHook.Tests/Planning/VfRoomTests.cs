using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Settings;
using NUnit.Framework;
using static LibvirtMdevHook.Tests.VfText;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>
/// Types that are claimed on the VFs of a GPU and not set yet count against the GPU's memory; if that is unknown, nothing is refused.
/// </summary>
internal sealed class VfRoomTests
{
    private const string Mig = @"ID    : vGPU Name\n700   : NVIDIA A100-1-5C\n701   : NVIDIA A100-2-10C\n";
    private const string Beside12Q = @"ID    : vGPU Name\n565   : NVIDIA A40-12Q\n";
    private const string All = Idle + @"565   : NVIDIA A40-12Q\n";

    private static readonly string IdleGpu = Gpu("0000:41", (0, All), (0, All), (0, All), (0, All), (0, All), (0, All));

    [TestCase("NVIDIA A40-12Q", "NVIDIA A40-12Q NVIDIA A40-12Q NVIDIA A40-12Q", ExpectedResult = true)]
    [TestCase("NVIDIA A40-12Q", "NVIDIA A40-12Q NVIDIA A40-12Q NVIDIA A40-12Q NVIDIA A40-12Q", ExpectedResult = false)]
    [TestCase("NVIDIA A40-2Q", "NVIDIA A40-12Q", ExpectedResult = false, Description = "nobody knows whether sizes run side by side")]
    [TestCase("NVIDIA A40-48Q", "NVIDIA A40-1Q", ExpectedResult = false)]
    [TestCase("NVIDIA A40-48Q", "", ExpectedResult = true)]
    public bool On_an_idle_GPU_its_largest_type_tells_how_much_there_is(string type, string claimed) => Fits(IdleGpu, type, claimed);

    [TestCase(48, 3, ExpectedResult = false, Description = "one is set, and the list shows the type as long as another fits")]
    [TestCase(48, 2, ExpectedResult = true)]
    [TestCase(null, 3, ExpectedResult = true, Description = "nobody knows what the GPU has")]
    public bool On_a_busy_GPU_a_claim_tells_how_much_there_was(int? gigabytes, int claims) => Fits(
        Gpu("0000:41", (565, Empty), (0, Beside12Q), (0, Beside12Q), (0, Beside12Q), (0, Beside12Q), (0, Beside12Q)),
        "NVIDIA A40-12Q", string.Join(' ', Enumerable.Repeat("NVIDIA A40-12Q", claims)), gigabytes);

    [TestCase("NVIDIA A100-1-5C", "NVIDIA A100-2-10C", ExpectedResult = true)]
    [TestCase("700", "701", ExpectedResult = true)]
    public bool Types_of_MIG_instances_do_not_tell(string type, string claimed) =>
        Fits(Gpu("0000:41", (0, Mig), (0, Mig), (0, Mig), (0, Mig)), type, claimed);

    [Test]
    public void Of_two_GPUs_the_one_is_taken_that_no_domain_wants_for_another_size()
    {
        using var tree = new TreeOfText(IdleGpu + Gpu("0000:31", (0, All)));
        Claim(tree, "0000:31", 1, "NVIDIA A40-2Q", null);

        var incoming = IncomingPlan.Of(OrderOf(tree, "NVIDIA A40-12Q", "placement='depth-first'"));

        Assert.That(incoming.Plan.Record!.Claims.Single().Gpu.ToString(), Is.EqualTo("0000:41:00.0"));
    }

    [TestCase("NVIDIA L40S-4Q", ExpectedResult = 4), TestCase("GRID M10-0B", ExpectedResult = 0)]
    [TestCase("GRID V100-2B4", ExpectedResult = 2)]
    [TestCase("NVIDIA RTX6000-Ada-48Q", ExpectedResult = 48), TestCase("NVIDIA A100-1-5C", ExpectedResult = null)]
    [TestCase("NVIDIA H100-1-10CME", ExpectedResult = null)]
    [TestCase("nvidia-558", ExpectedResult = null), TestCase(null, ExpectedResult = null)]
    [TestCase("GRID M60-99999999Q", ExpectedResult = null)]
    public int? A_name_tells_the_size(string? name) => VgpuSize.Of(name);

    /// <summary>Whether a domain that migrates in gets a VF beside claims of other domains on the last VFs.</summary>
    private static bool Fits(string gpu, string type, string claimed, int? gigabytes = null)
    {
        using var tree = new TreeOfText(gpu);
        var names = claimed.Length == 0 ? [] : claimed.Replace(" NVIDIA", "|NVIDIA", StringComparison.Ordinal).Split('|');
        foreach (var (name, i) in names.Select((name, i) => (name, i)))
            Claim(tree, "0000:41", 5 - i, name, gigabytes);
        return IncomingPlan.Of(OrderOf(tree, type, "")).Plan.Record is not null;
    }

    private static void Claim(TreeOfText tree, string bus, int vf, string type, int? gigabytes)
    {
        tree.Store().MakeFolders();
        var name = SysfsName.Parse(NameOf(bus, vf));
        Assert.That(DeviceId.TryParse($"{name}", out var device));
        var claim = new Claim(device!, name, SysfsName.Parse($"{bus}:00.0"), Dialect.Vf,
            new ClaimedType(SysfsName.Parse("nvidia-1"), type, null, gigabytes), [], "", AttachedBy.Hostdev, Stage.Reserved);
        var expires = Deadline.After(TimeSpan.FromMinutes(1));
        tree.Store().SaveReservation(
            new Record(Guid.NewGuid(), "other", TreeOfText.Boot, new Moment(1), Phase.Preparing, [claim], expires));
    }

    private static PlanInput OrderOf(TreeOfText tree, string type, string rules)
    {
        var domain = DomainText.Parse(Declaring(rules, Hostdev("0000:99:00.4", type)));
        var settings = HostSettings.Load(tree.Root);
        var context = new OperationContext(tree.Root, settings, tree.Store(), new HookLog(tree.Root, settings, "test"));
        context.Records.MakeFolders();
        return PlanInputReader.Incoming(context, domain, domain.Declaration!);
    }
}
