using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>Crypto queues and subchannels of an IBM Z.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MatrixTests
{
    private const string Type = "sys/class/mdev_bus/matrix/mdev_supported_types/vfio_ap-passthrough";

    [Test]
    public void Adapters_and_domains_are_assigned_in_order_repeats_included()
    {
        using var host = new HookedHost("s390.xml");
        var domain = Domain(("assign_adapter", "0x05"), ("assign_adapter", "6"), ("assign_domain", "0x04"), ("assign_domain", "0x47"),
            ("assign_control_domain", "0x47"), ("unassign_adapter", "0x06"), ("assign_adapter", "0x06"));
        var device = domain.Vgpus[0];

        host.Start(domain);

        Assert.That(host.Writes.Skip(1), Is.EqualTo(new[]
        {
            "assign_adapter \"0x05", "assign_adapter \"6", "assign_domain \"0x04", "assign_domain \"0x47", "assign_control_domain \"0x47",
            "unassign_adapter \"0x06", "assign_adapter \"0x06",
        }.Select(write => $"matrix/{device.Uuid}/{write}\\n\" ok")));
        Assert.That(host.Host.Read(device.Path + "/matrix"), Is.EqualTo("05.0004\n05.0047\n06.0004\n06.0047\n"));
        Assert.That(host.Log, Does.Not.Contain("Warn"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_matrix_that_is_other_than_declared_is_logged_and_no_refusal()
    {
        using var host = new HookedHost("s390.xml");
        var domain = Domain(("assign_adapter", "5"), ("assign_domain", "4"));
        host.Host.Control("fault ignore op=write path=**/assign_domain");

        host.Call("prepare", domain).MustBeGood();

        Assert.That(host.Log, Does.Contain("its 'matrix' has 05., expected 05.0004, ignoring"));
    }

    [TestCase("assign_adapter", "7",
        "is not bound to the vfio_ap driver; release the adapter and domain from the host (apmask, aqmask) first (EADDRNOTAVAIL)")]
    [TestCase("assign_adapter", "6",
        "a queue that it would add is in another mediated device already, whose 'matrix' in sysfs lists it; assign another (EADDRINUSE)")]
    [TestCase("assign_adapter", "256", "this machine has no adapter or domain of that number (ENODEV)")]
    [TestCase("assign_adapter", "six", "the value is no number (EINVAL)")]
    [TestCase("unassign_domain", "-1", "the value is no number (EINVAL)")]
    public void What_cannot_be_assigned_is_said_in_words_and_the_device_undone(string name, string value, string words)
    {
        using var host = new HookedHost("s390.xml");
        const string Other = "6a2f0d1c-0000-4000-8000-000000000001";
        host.Host.Write($"{Type}/create", Other);
        Assert.That(host.Host.Write($"sys/bus/mdev/devices/{Other}/assign_adapter", "6"), Is.EqualTo(Errno.None));
        Assert.That(host.Host.Write($"sys/bus/mdev/devices/{Other}/assign_domain", "4"), Is.EqualTo(Errno.None));
        var before = host.Host.Tree();
        var domain = Domain(("assign_domain", "4"), (name, value));

        host.Call("prepare", domain)
            .MustBeRefused($"'{domain.Vgpus[0].Uuid}'", $"its attribute '{name}' cannot be set to '{value}'", words);

        host.Stop(domain);
        host.WaitForWorkers();
        Assert.That(host.Host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void All_can_be_assigned_at_once_by_masks_that_the_kernel_fills_up()
    {
        using var host = new HookedHost("s390.xml");
        var domain = Domain(("ap_config", "0x06,0x08,0x0"), ("assign_domain", "71"));
        var device = domain.Vgpus[0];

        host.Start(domain);

        Assert.That(host.Host.Read(device.Path + "/ap_config"), Does.StartWith("0x060000").And.Contain($",0x08{new string('0', 15)}1000"));
        Assert.That(host.Host.Read(device.Path + "/matrix"), Is.EqualTo("05.0004\n05.0047\n06.0004\n06.0047\n"));
        Assert.That(host.Log, Does.Not.Contain("Warn"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase("0x06,0x08", "the value is not three masks of adapters, domains and control domains, such as '0x06,0x08,0x08' (EINVAL)")]
    [TestCase("0x01,0x08,0x0", "a queue that it would add is not bound to the vfio_ap driver")]
    public void Masks_that_the_kernel_refuses_are_said_in_words(string value, string words)
    {
        using var host = new HookedHost("s390.xml");
        var domain = Domain(("ap_config", value));

        host.Call("prepare", domain).MustBeRefused($"its attribute 'ap_config' cannot be set to '{value}'", words);

        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase("assign_adapter", "6", "assign_domain", "0x04")]
    [TestCase("ap_config", "0x02,0x08,0x0", "assign_control_domain", "0x04")]
    public void A_queue_of_another_domain_is_refused_and_the_device_undone(string name, string value, string next, string number)
    {
        using var host = new HookedHost("s390.xml");
        var first = Domain(("assign_adapter", "5"), ("assign_adapter", "6"), ("assign_domain", "4"));
        var second = Domain((name, value), (next, number)) with { Name = "second" };
        host.Start(first);
        var before = host.Host.Tree();

        host.Call("prepare", second).MustBeRefused("'second'", "is in another mediated device already", "(EADDRINUSE)");

        host.Stop(second);
        host.WaitForWorkers();
        Assert.That(host.Host.Tree(), Is.EqualTo(before));
        host.Stop(first);
        host.MustBeAsBefore();
    }

    [TestCase("vfio_ap-passthrough", "vfio-ap")]
    [TestCase("I/O subchannel (Non-QDIO)", "vfio-ccw")]
    public void A_device_that_is_attached_for_the_next_start_gets_the_model_of_its_type(string type, string model)
    {
        using var host = new HookedHost("s390.xml");
        var inactive = new DeclaringDomain("crypto").WithoutMetadata().Replace(" id='1'", "", StringComparison.Ordinal);
        var virsh = new RecordedVirsh(host, inactive);

        var attach = virsh.VirtMdev("attach", "crypto", "--type", type, "--persistent");

        Assert.That(attach.Status, Is.Zero, attach.Errors);
        Assert.That(virsh.Calls, Does.Contain($"<hostdev mode='subsystem' type='mdev' model='{model}'>"));
        host.MustBeAsBefore();
    }

    [Test]
    public void A_subchannel_serves_one_domain()
    {
        using var host = new HookedHost("s390.xml");
        var first = new DeclaringDomain("first", new Vgpu("type='vfio_ccw-io' parent='css_0_0_0023'") { Model = "vfio-ccw" });
        var second = new DeclaringDomain("second", new Vgpu("type='I/O subchannel (Non-QDIO)'") { Model = "vfio-ccw" });
        host.Start(first);

        host.Call("prepare", second).MustBeRefused("'0.0.0023': no instance is left");

        host.Stop(first);
        host.Start(second);
        host.Stop(second);
        host.MustBeAsBefore();
    }

    private static DeclaringDomain Domain(params (string Name, string Value)[] attrs) =>
        new("crypto", new Vgpu("type='vfio_ap-passthrough'")
    {
        Model = "vfio-ap",
        Attrs = string.Concat(attrs.Select(attr => $"<mdev:attr name='{attr.Name}' value='{attr.Value}'/>")),
    });
}
