using LibvirtMdevHook.Planning;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>A declared parent by every name that the kernel or libvirt has for it, and what is said where it is none.</summary>
internal sealed class DeclaredParentTests
{
    /// <summary>An A40 whose VFs are parents of mediated devices, another such GPU, and the matrix of vfio_ap.</summary>
    private static readonly string Host = Vf("0000:c3", 4) + Vf("0000:c3", 5) + Vf("0000:a3", 4) + """
        sys/bus/pci/devices/0000:c3:00.0/sriov_numvfs = 2\n
        sys/bus/pci/devices/0000:c3:00.0/virtfn0 -> ../0000:c3:00.4
        sys/bus/pci/devices/0000:c3:00.0/virtfn1 -> ../0000:c3:00.5
        sys/class/mdev_bus/matrix -> ../../devices/vfio_ap/matrix
        sys/devices/vfio_ap/matrix/subsystem -> ../../../bus/matrix
        sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/name = VFIO AP Passthrough Device\n
        sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/device_api = vfio-ap\n
        sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/available_instances = 65536\n
        """;

    [TestCase("0000:c3:00.0"), TestCase("pci_0000_c3_00_0"), TestCase("0000:C3:00.0"), TestCase("pci_0000_C3_00_0"), TestCase("c3:00.0")]
    [TestCase("00000000:C3:00.0")]
    public void A_PF_stands_for_its_VFs_that_take_mediated_devices(string parent)
    {
        var plan = PlanOf("NVIDIA A40-2Q", parent);

        Assert.That(plan.Record?.Claims.Single().Parent.ToString(), Is.EqualTo("0000:c3:00.4"), plan.Refusal);
        Assert.That(plan.Candidates.Select(c => $"{c.Parent.Name}"), Is.EqualTo(new[] { "0000:c3:00.4", "0000:c3:00.5" }));
    }

    [Test]
    public void A_VF_stands_for_itself() =>
        Assert.That(PlanOf("NVIDIA A40-2Q", "0000:c3:00.5").Record?.Claims.Single().Parent.ToString(), Is.EqualTo("0000:c3:00.5"));

    [TestCase("matrix"), TestCase("ap_matrix"), TestCase("matrix_matrix")]
    public void The_matrix_has_the_kernels_name_and_libvirts(string parent) =>
        Assert.That(PlanOf("vfio_ap-passthrough", parent, "vfio-ap").Record?.Claims.Single().Parent.ToString(), Is.EqualTo("matrix"));

    [TestCase("0000:c3:00.1", "this host has '0000:a3:00.0', '0000:c3:00.0', 'matrix': did you mean '0000:c3:00.0'?")]
    [TestCase("mdev_6a2f1c3e_0000_4000_8000_000000000001_0000_a3_00_0", "did you mean '0000:a3:00.0'?")]
    [TestCase("0000:99:00.0", "this host has '0000:a3:00.0', '0000:c3:00.0', 'matrix'")]
    public void A_name_that_is_no_parents_is_refused_with_what_there_is(string parent, string found) => Assert.That(
        PlanOf("NVIDIA A40-2Q", parent).Refusal, Does.Contain($"the parent '{parent}' is not on this host").And.EndsWith(found));

    private static string Vf(string bus, int function)
    {
        var (name, folder) = ($"{bus}:00.{function}", $"sys/devices/pci0000:00/{bus}:00.{function}");
        return $"""
            sys/class/mdev_bus/{name} -> ../../devices/pci0000:00/{name}
            sys/bus/pci/devices/{name} -> ../../../devices/pci0000:00/{name}
            {folder}/physfn -> ../{bus}:00.0
            {folder}/subsystem -> ../../../bus/pci
            {folder}/vendor = 0x10de\n
            {folder}/mdev_supported_types/nvidia-558/name = NVIDIA A40-2Q\n
            {folder}/mdev_supported_types/nvidia-558/available_instances = 1\n
            {folder}/mdev_supported_types/nvidia-558/device_api = vfio-pci\n

            """;
    }

    private static Plan PlanOf(string type, string parent, string model = "vfio-pci")
    {
        using var tree = new TreeOfText(Host);
        var xml = DomainText.Declaring(DomainText.Hostdev(DomainText.First, type, $"parent='{parent}'"))
            .Replace("model='vfio-pci'", $"model='{model}'", StringComparison.Ordinal);
        return TreePlan.Of(tree, xml);
    }
}
