using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Hosts;

/// <summary>Who holds a device, as /proc shows it.</summary>
internal sealed class VfioHoldersTests
{
    private const string Nodes = "dev/vfio/87 =\ndev/vfio/devices/vfio3 =\nproc/1/fd/\nproc/1/ns/pid -> pid:[4026531836]\n";
    private const string Qemu = "proc/900/comm = qemu-system-x86\\n\n";

    private static readonly VfioNodes Both = new(SysfsName.Parse("87"), SysfsName.Parse("vfio3"));
    private static readonly VfioNodes CdevAlone = Both with { Group = null };

    [TestCase("devices/vfio3")]
    [TestCase("87")]
    public void A_process_holds_a_device_by_either_node(string node)
    {
        using var tree = new TreeOfText(Nodes + Qemu);
        Open(tree, 900, node);

        Assert.That(WhyNotFree(tree, Both), Is.EqualTo("process 'qemu-system-x86' (pid 900) holds it"));
    }

    [TestCase("devices/vfio31")]
    [TestCase("devices/vfio")]
    [TestCase("7")]
    public void Another_node_is_another_device(string node)
    {
        using var tree = new TreeOfText($"{Nodes}{Qemu}dev/vfio/{node} =\n");
        Open(tree, 900, node);

        Assert.That(WhyNotFree(tree, Both), Is.Null);
    }

    [Test]
    public void A_node_that_is_not_in_dev_is_known_by_its_path()
    {
        using var tree = new TreeOfText($"{Nodes}{Qemu}proc/900/fd/21 -> /dev/vfio/devices/vfio5 (deleted)");

        Assert.That(WhyNotFree(tree, new VfioNodes(null, SysfsName.Parse("vfio5"))), Does.Contain("(pid 900) holds it"));
    }

    /// <summary>In QEMU's own /dev, from which libvirt deletes it; the link in /proc leads to the open node all the same.</summary>
    [TestCase("devices/vfio3")]
    [TestCase("87")]
    public void A_node_that_is_deleted_where_the_process_sees_it_is_still_held(string node)
    {
        using var tree = new TreeOfText($"{Nodes}{Qemu}dev/vfio/{node} (deleted) -> {Path.GetFileName(node)}\n");
        Open(tree, 900, $"{node} (deleted)");

        Assert.That(WhyNotFree(tree, Both), Is.EqualTo("process 'qemu-system-x86' (pid 900) holds it"));
    }

    [Test]
    public void All_of_several_holders_are_named()
    {
        using var tree = new TreeOfText(Nodes + Qemu + "proc/901/comm = sleep\\n\n");
        Open(tree, 900, "devices/vfio3");
        Open(tree, 901, "87");

        Assert.That(WhyNotFree(tree, Both), Is.EqualTo("process 'qemu-system-x86' (pid 900), 'sleep' (pid 901) holds it"));
    }

    [TestCase("/usr/bin/virt-mdev"), TestCase("/usr/bin/virt-mdev (deleted)", Description = "of before an upgrade")]
    public void A_worker_of_this_program_is_no_holder(string program)
    {
        using var tree = new TreeOfText($"{Nodes}{Qemu}proc/self/exe -> /usr/bin/virt-mdev\nproc/900/exe -> {program}\n");
        Open(tree, 900, "87");

        Assert.That(WhyNotFree(tree, Both), Is.Null);
    }

    [TestCase("proc/800/fd -> fd", "the files that the process 800 has open cannot be read: Too many", TestName = "An unread folder")]
    [TestCase("proc/1/ns/pid -> pid:[4026532201]", "does not show all processes of the host", TestName = "Another PID namespace")]
    [TestCase("proc/self/", "does not show all processes of the host", TestName = "No process 1, as under hidepid")]
    public void A_proc_that_hides_processes_cannot_tell_that_a_device_without_a_groups_node_is_free(string line, string words)
    {
        using var tree = new TreeOfText(Nodes.Replace("proc/1/ns/pid -> pid:[4026531836]\n", "", StringComparison.Ordinal) + line);
        if (line == "proc/self/")
            Directory.Delete(tree.PathOf("proc/1"), recursive: true);

        Assert.That(WhyNotFree(tree, CdevAlone), Does.StartWith("it cannot be told whether a process holds it: ").And.Contain(words));
        Assert.That(WhyNotFree(tree, Both), Is.Null, "the group's node can be opened, which tells");
        Assert.That(WhyNotFree(tree, new VfioNodes(SysfsName.Parse("9"), null)), Is.Null, "no VFIO driver has it");
    }

    [Test]
    public void A_folder_of_cdevs_that_cannot_be_read_is_not_taken_for_none()
    {
        using var tree = new TreeOfText("sys/bus/mdev/devices/a/vfio-dev -> vfio-dev");

        Assert.That(() => VfioNodes.OfPath(tree.Root.MdevDevices / "a"), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void A_process_that_ends_meanwhile_hides_nothing()
    {
        using var tree = new TreeOfText(Nodes + "proc/800/comm = gone\\n");

        Assert.That(WhyNotFree(tree, CdevAlone), Is.Null);
    }

    [Test]
    public void Proc_is_read_once_for_all_devices()
    {
        using var tree = new TreeOfText(Nodes + Qemu);
        var holders = new VfioHolders(tree.Root);
        Assert.That(holders.Of(Both), Is.Null);

        Open(tree, 900, "devices/vfio3");

        Assert.That(holders.Of(Both), Is.Null);
        Assert.That(new VfioHolders(tree.Root).Of(Both), Is.Not.Null);
    }

    [Test]
    public void A_known_holder_is_looked_at_without_reading_all_of_proc()
    {
        using var tree = new TreeOfText(Nodes + Qemu + "proc/901/comm = sleep\\n\n");
        var held = new LastHolder(tree.Root);
        Open(tree, 901, "87");
        Assert.That(held.FindHolder(Both)!.Text, Is.EqualTo("process 'sleep' (pid 901)"));
        Open(tree, 900, "87");

        Assert.That(held.FindHolder(Both)!.Text, Is.EqualTo("process 'sleep' (pid 901)"));
        File.Delete(tree.PathOf("proc/901/fd/21"));
        Assert.That(held.FindHolder(Both)!.Text, Is.EqualTo("process 'qemu-system-x86' (pid 900)"));
        File.Delete(tree.PathOf("proc/900/fd/21"));
        Assert.That(held.WhyNotFree(Both), Is.Null);
    }

    private static string? WhyNotFree(TreeOfText tree, VfioNodes nodes) => new VfioHolders(tree.Root).WhyNotFree(nodes)?.Text;

    private static void Open(TreeOfText tree, int pid, string node) => tree.Add($"proc/{pid}/fd/21 -> {tree.PathOf($"dev/vfio/{node}")}");
}
