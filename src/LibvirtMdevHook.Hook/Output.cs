using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hook;

/// <summary>
/// The one sentence on stderr, which virsh shows as it is, and the exit status. Nothing is printed to stdout but the new XML of migrate and
/// restore, in which libvirt would take every other word for XML.
/// </summary>
internal static class Output
{
    /// <summary>libvirtd reads what a hook prints as it comes; one that takes nothing for so long has stopped.</summary>
    private static readonly TimeSpan ReaderTime = TimeSpan.FromSeconds(30);

    public static int Usage()
    {
        Print("libvirt-mdev-hook is run by libvirtd as a qemu hook (NAME OPERATION SUB-OPERATION -); people use virt-mdev");
        return 2;
    }

    /// <returns>1 where the operation may be refused; otherwise 0, and nothing is printed.</returns>
    public static int Refuse(HookCall call, string sentence)
    {
        if (!call.Operation.MayRefuse)
            return 0;
        Print($"libvirt-mdev-hook: {sentence}");
        return 1;
    }

    /// <summary>Prints the XML that libvirtd is to take, if there is one.</summary>
    /// <returns>0, or 1 when not all of it could be printed: then libvirtd takes none.</returns>
    public static int Pass(HookCall call, ReadOnlyMemory<byte> xml)
    {
        using var stdout = Descriptor.Own(1);
        var error = stdout.WriteAll(xml.Span, ReaderTime);
        return error.IsNone ? 0 : Refuse(call, $"the changed XML of the domain cannot be handed to libvirtd: {error}");
    }

    private static void Print(string sentence)
    {
        var line = OneLine.Of(sentence) + '\n';
        using var stderr = Descriptor.Own(2);
        stderr.Write(Encoding.UTF8.GetBytes(line));
    }
}
