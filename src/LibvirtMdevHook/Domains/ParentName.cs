using System.Diagnostics.CodeAnalysis;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// A parent as people write it: a PCI address, a name in /sys/class/mdev_bus, or a libvirt node
/// device name. The latter is the subsystem and the name, in which '_' replaces all characters but
/// letters and digits (<c>pci_0000_86_00_0</c>).
/// </summary>
internal sealed record ParentName
{
    public const string Expected =
        "a PCI address ('0000:86:00.0'), a name as in /sys/class/mdev_bus ('mtty') or a node device name ('pci_0000_86_00_0')";

    private ParentName(SysfsName text) => Text = text;

    public SysfsName Text { get; }

    public static bool TryParse(string? text, [NotNullWhen(true)] out ParentName? name)
    {
        name = null;
        if (!SysfsName.TryParse(text, out var plain))
            return false;
        if (!plain.ToString().All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '-'))
            return false;
        name = new ParentName(PciAddress.TryParse(text, out var address) ? address.Name : plain);
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
        return name.EndsWith('_' + mangled, StringComparison.Ordinal) && name == $"{subsystem()}_{mangled}";
    }

    public override string ToString() => Text.ToString();

    private static string Mangle(SysfsName name) =>
        string.Concat(name.ToString().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
}
