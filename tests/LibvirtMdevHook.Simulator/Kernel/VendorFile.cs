using System.Globalization;
using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>An attribute of the vendor in a device's folder. It reads what was written last.</summary>
internal static class VendorFile
{
    /// <param name="reset">Restores its first value.</param>
    public static SysfsFile For(AttributeDescription attribute, int number, Func<bool> held, out Action reset)
    {
        var first = attribute.Value.Replace("{number}", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var value = first;
        reset = () => value = first;
        return SysfsFile.Of(
            attribute.Readable ? () => value + "\n" : null,
            attribute.Writable ? Store : null);

        Errno Store(string text)
        {
            if (text.Length > attribute.MaxLength)
                return Errno.E2BIG;
            if (held() && attribute.WhileHeld != Errno.None)
                return attribute.WhileHeld;
            value = text.EndsWith('\n') ? text[..^1] : text;
            return Errno.None;
        }
    }
}
