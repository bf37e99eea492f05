using System.Collections.Immutable;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>
/// Where the next device goes on GPUs that run one framebuffer size at a time. A GPU is written as its devices, '2Q' or '4Q' each; four of
/// the one or two of the other fill it.
/// </summary>
internal sealed class PlacementTests
{
    [TestCase("", "", "2Q", "2Q", 2, TestName = "One that runs the size comes before an empty one")]
    [TestCase("breadth-first", "2Q", "", "2Q", 2, TestName = "A domain that declares breadth first gets the empty one")]
    [TestCase("depth-first", "", "2Q", "2Q", 2, TestName = "Depth first takes one that runs the size")]
    [TestCase("", "2Q 2Q", "2Q", "", 2, TestName = "The emptier of those that run it is taken")]
    [TestCase("depth-first", "2Q", "2Q 2Q", "", 2, TestName = "Depth first takes the fuller of those that run it")]
    [TestCase("", "2Q 2Q 2Q 2Q", "4Q", "", 3, TestName = "An empty one comes after those that are full or run another size")]
    [TestCase("", "", "", "", 1, TestName = "Of equals the first by name")]
    [TestCase("depth-first", "", "", "", 1, TestName = "Of equals the first by name, depth first")]
    [TestCase("breadth-first", "4Q", "4Q 4Q", "4Q", 0, TestName = "Another size has no place")]
    public void The_next_2Q_goes(string placement, string first, string second, string third, int expected)
    {
        using var tree = new TreeOfText(Gpu(1, first) + Gpu(2, second) + Gpu(3, third));
        var plan = TreePlan.Of(tree, DomainText.Declaring($"<hostdev uuid=\"{DomainText.First}\" type=\"GRID M60-2Q\"/>",
            placement.Length > 0 ? $"placement='{placement}'" : ""));

        Assert.That(plan.Record?.Claims.Single().Parent.ToString(), Is.EqualTo(expected == 0 ? null : $"0000:0{expected}:00.0"),
            plan.ToString());
    }

    [Test]
    public void Devices_of_one_domain_spread_over_empty_GPUs_all_the_same()
    {
        using var tree = new TreeOfText(Gpu(1, "") + Gpu(2, ""));
        var plan = TreePlan.Of(tree, DomainText.Declaring(
            $"<hostdev uuid=\"{DomainText.First}\" type=\"GRID M60-2Q\"/><hostdev uuid=\"{DomainText.Second}\" type=\"GRID M60-2Q\"/>"));

        Assert.That(plan.Record!.Claims.Select(c => $"{c.Parent}"), Is.EqualTo(new[] { "0000:01:00.0", "0000:02:00.0" }));
    }

    [Test]
    public void The_merits_of_each_are_told()
    {
        using var tree = new TreeOfText(Gpu(1, "2Q 2Q") + Gpu(2, "") + Gpu(3, "4Q"));
        var plan = TreePlan.Of(tree, DomainText.Declaring($"<hostdev uuid=\"{DomainText.First}\" type=\"GRID M60-2Q\"/>"));

        Assert.That(plan.Candidates.Select(c => c.Reason?.Text ?? c.Ranking), Is.EqualTo(new[]
        {
            "its GPU has 2 devices of this size", "its GPU is empty", "no instance is left beside 1 x 'GRID M60-4Q'",
        }));
    }

    private static string Gpu(int bus, string running)
    {
        var (name, devices) = ($"0000:0{bus}:00.0", running.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var folder = $"sys/devices/pci0000:00/{name}";
        return $"""
            sys/class/mdev_bus/{name} -> ../../devices/pci0000:00/{name}
            {folder}/vendor = 0x10de\n
            {Type(folder, 18, "2Q", devices.Contains("4Q") ? 0 : 4 - devices.Length, "2048M")}
            {Type(folder, 20, "4Q", devices.Contains("2Q") ? 0 : 2 - devices.Length, "4096M")}
            {string.Join('\n', devices.Select((type, i) => Device(name, $"{i}", type == "2Q" ? 18 : 20, bus)))}

            """;
    }

    private static string Type(string folder, int id, string name, int left, string framebuffer) => $"""
        {folder}/mdev_supported_types/nvidia-{id}/name = GRID M60-{name}\n
        {folder}/mdev_supported_types/nvidia-{id}/available_instances = {left}\n
        {folder}/mdev_supported_types/nvidia-{id}/device_api = vfio-pci\n
        {folder}/mdev_supported_types/nvidia-{id}/description = num_heads=4, framebuffer={framebuffer}, max_instance={Full(framebuffer)}\n
        """;

    private static int Full(string framebuffer) => 8192 / int.Parse(framebuffer[..4]);

    private static string Device(string parent, string number, int type, int bus)
    {
        var uuid = $"aaaaaaaa-0000-4000-8000-0000000{bus}000{number}";
        return $"""
            sys/bus/mdev/devices/{uuid} -> ../../../devices/pci0000:00/{parent}/{uuid}
            sys/devices/pci0000:00/{parent}/{uuid}/mdev_type -> ../mdev_supported_types/nvidia-{type}
            """;
    }
}
