using System.Diagnostics.CodeAnalysis;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// A parent as people write it: a PCI address, a name in /sys/class/mdev_bus, or a libvirt node
/// device name. The latter is the subsystem and the name, in which '_' replaces all characters but
/// letters and digits (<c>pci_0000_86_00_0</c>), except for the one device of vfio_ap.
/// </summary>
internal sealed record ParentName
{
    public const string Expected =
        "a PCI address ('0000:86:00.0'), a name as in /sys/class/mdev_bus ('mtty') or a node device name ('pci_0000_86_00_0')";

    /// <summary>libvirt's name (node_device_udev.c) of the one parent of vfio_ap.</summary>
    private const string MatrixNodeDevice = "ap_matrix";

    private const string MatrixBus = "matrix";

    /// <summary>The PCI domain that lspci and people leave out.</summary>
    private const string FirstPciDomain = "0000:";

    /// <summary>What begins libvirt's name of a PCI device.</summary>
    private const string PciPrefix = "pci_";

    private const int MaximumMistakes = 1;

    private ParentName(SysfsName text) => Text = text;

    public SysfsName Text { get; }

    /// <summary>The PCI address in it; null where it has none.</summary>
    public PciAddress? Address
    {
        get
        {
            var text = Text.ToString();
            if (PciAddress.TryParse(text, out var address))
                return address;
            if (WithoutBus(text).Split('_') is not [var domain, var bus, var slot, var function])
                return null;
            return PciAddress.TryParse($"{domain}:{bus}:{slot}.{function}", out address) ? address : null;
        }
    }

    public static bool TryParse(string? text, [NotNullWhen(true)] out ParentName? name)
    {
        name = null;
        if (!SysfsName.TryParse(text, out var plain))
            return false;
        if (!plain.ToString().All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '-'))
            return false;
        var isAddress = PciAddress.TryParse(text, out var address) || PciAddress.TryParse(FirstPciDomain + text, out address);
        name = new ParentName(isAddress ? address.Name : plain);
        return true;
    }

    /// <param name="parent">The parent's name in sysfs.</param>
    /// <param name="subsystem">
    /// Reads the parent's bus or class, such as <c>pci</c> or <c>css</c>. Called only when the
    /// answer depends on it.
    /// </param>
    public bool Names(SysfsName parent, Func<SysfsName?> subsystem)
    {
        if (Text == parent)
            return true;
        var name = Text.ToString();
        var mangled = Mangle(parent);
        if (!name.EndsWith('_' + mangled, StringComparison.OrdinalIgnoreCase))
            return false;
        var bus = subsystem()?.ToString();
        return Is(name, $"{bus}_{mangled}") || (bus == MatrixBus && Is(name, MatrixNodeDevice));
    }

    /// <summary>
    /// Whether the name may be meant for a parent's: it has one wrong letter, or is libvirt's name
    /// of a mediated device, which ends with its parent's.
    /// </summary>
    public bool Resembles(SysfsName parent)
    {
        var mangled = Mangle(parent);
        if (Text.ToString().EndsWith('_' + mangled, StringComparison.OrdinalIgnoreCase))
            return true;
        return EditDistance.Of(WithoutBus(Mangle(Text)), mangled) <= MaximumMistakes;
    }

    public override string ToString() => Text.ToString();

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static string WithoutBus(string mangled) =>
        mangled.StartsWith(PciPrefix, StringComparison.OrdinalIgnoreCase) ? mangled[PciPrefix.Length..] : mangled;

    private static string Mangle(SysfsName name) =>
        string.Concat(name.ToString().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
}
