using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Upkeep;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>
/// virt-mdev render: writes out the shorthand in the hostdevs of a domain XML, for 'virsh define'.
/// </summary>
[Verb("render", HelpText = "Print a domain XML in which <hostdev mdev:type='NAME'/> is written out for 'virsh define'.")]
internal sealed class RenderVerb
{
    [Value(0, MetaName = "FILE", Required = true, HelpText = "A domain XML, or '-' for standard input.")]
    public string File { get; set; } = "";

    public int Run(Root root)
    {
        try
        {
            var render = new Render(OperationContext.Open(root, "render", Terminal.Tell), DomainFile.Bytes(File));
            if (render.TryRun() is { } refusal)
                return Terminal.Fail(refusal.Text);
            Output.WriteDocument(render.Xml!);
            return 0;
        }
        catch (DomainXmlException e)
        {
            DomainFile.Print(File, e);
            return 1;
        }
    }
}
