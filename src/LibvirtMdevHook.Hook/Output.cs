using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hook;

/// <summary>The one sentence on stderr, which virsh shows as it is, and the exit status. Nothing is ever printed to stdout.</summary>
internal static class Output
{
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

    private static void Print(string sentence)
    {
        var line = OneLine.Of(sentence) + '\n';
        using var stderr = Descriptor.Own(2);
        stderr.Write(Encoding.UTF8.GetBytes(line));
    }
}
